// What a venue's refusal of a subscription means for what is done next. Named in a venue's profile, obeyed by the
// subscription flow.
#pragma once

namespace fairlead::core {

enum class RejectKind {
    Permanent,  // this topic will never be accepted: quarantined, tried again rarely
    Retryable,  // later: a few attempts with growing pauses, then quarantined
    Rate,       // we were too fast: everything waits, then at half the pace
    Duplicate,  // subscribed already: as good as an acknowledgement
};

}  // namespace fairlead::core
