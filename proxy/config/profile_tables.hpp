// The tables of a profile, one function each; inside of config only.
#pragma once

#include "config/profile.hpp"
#include "config/reader.hpp"
#include "core/text_template.hpp"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::config {

// Which variables a text may have. Views into the profile.
class VariableNames {
public:
    explicit VariableNames(const Profile& profile);  // of its credentials, extracts and the stamp
    VariableNames(std::initializer_list<std::string_view> names) : names_(names) {}  // views to what lasts
    VariableNames with(std::initializer_list<std::string_view> more) const;
    std::span<const std::string_view> names() const { return names_; }

private:
    std::vector<std::string_view> names_;
};

// Tells {word} in the text at `key` that is no variable there. {field:…} is one only in answers.
void check_variables(TableReader& table, std::string_view key, const std::string& text, const VariableNames& names,
                     core::TextTemplate::Fields fields = core::TextTemplate::Fields::None);
// Letters in lower case, digits and _, beginning with a letter.
bool is_variable_name(std::string_view name);

void read_subscribe(TableReader& table, SubscribeConfig& subscribe, const VariableNames& names);
void read_limits(TableReader& table, LimitsConfig& limits);
void read_heartbeat(TableReader& table, HeartbeatConfig& heartbeat, const VariableNames& names);
void read_login(TableReader& table, LoginConfig& login, const VariableNames& names);
// `names` without what is extracted here.
void read_prepare(TableReader& table, PrepareConfig& prepare, const VariableNames& names);

void read_simulator(TableReader& table, SimulatorTexts& simulator);

void read_messages(TableReader& profile, std::vector<MessageRule>& messages, const VariableNames& names);
void read_examples(TableReader& profile, std::vector<ProfileExample>& examples);

// What one table alone cannot tell. `profile` is the reader of the whole profile, whose tables have been read.
void check_profile(TableReader& profile, const Profile& read, unsigned topics_per_socket);

}  // namespace fairlead::config
