// Runs every test case; libwebsockets, where a case uses it, stays quiet.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <libwebsockets.h>

int main(int argc, char** argv) {
    lws_set_log_level(0, nullptr);
    return doctest::Context(argc, argv).run();
}
