#include "venue/signature.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace fairlead;
using venue::Problem;
using venue::SignatureForm;

namespace {

std::string signed_text(const SignatureForm& form, std::string_view secret, std::string_view text) {
    const auto made = venue::sign(form, secret, text);
    const auto* signature = std::get_if<std::string>(&made);
    return signature ? *signature : "problem: " + std::get<Problem>(made).text;
}

struct Vector {
    std::string key;
    std::string data;
    std::array<std::string, 3> signatures;  // SHA-256, SHA-384, SHA-512
};

// RFC 4231, test cases 1, 2, 3 and 6.
const std::array<Vector, 4>& vectors() {
    static const std::array<Vector, 4> all = {{
        {std::string(20, '\x0b'),
         "Hi There",
         {"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
          "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
          "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4"
          "be9d914eeb61f1702e696c203a126854"}},
        {"Jefe",
         "what do ya want for nothing?",
         {"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
          "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
          "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
          "caeab1a34d4a6b4b636e070a38bce737"}},
        {std::string(20, '\xaa'),
         std::string(50, '\xdd'),
         {"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
          "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
          "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807"
          "b946a337bee8942674278859e13292fb"}},
        {std::string(131, '\xaa'),
         "Test Using Larger Than Block-Size Key - Hash Key First",
         {"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
          "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
          "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52"
          "95e64f73f63f0aec8b915a985d786598"}},
    }};
    return all;
}

}  // namespace

TEST_CASE("signatures are those of RFC 4231") {
    constexpr std::array kHashes = {config::Hash::Sha256, config::Hash::Sha384, config::Hash::Sha512};
    for (const Vector& vector : vectors())
        for (std::size_t i = 0; i < kHashes.size(); ++i)
            CHECK(signed_text({.hash = kHashes[i]}, vector.key, vector.data) == vector.signatures[i]);
}

TEST_CASE("signatures are those of the venues' own examples") {
    // Binance, signed REST request.
    CHECK(signed_text({}, "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
                      "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&"
                      "timestamp=1499827319559") == "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
    // BitMEX, API key usage.
    CHECK(signed_text({}, "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO", "GET/api/v1/instrument1518064236") ==
          "c7682d435d0cfe87c16098df34ef2eb5a549d4c5a3c2b1f0f77b8af73423bf00");
}

TEST_CASE("a signature comes in Base64 where that is wanted") {
    CHECK(signed_text({.encoding = config::Encoding::Base64}, "Jefe", "what do ya want for nothing?") ==
          "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

TEST_CASE("a key is text, hexadecimal or Base64") {
    const std::string wanted = signed_text({}, "Jefe", "text");
    for (const auto* hex : {"4a656665", "4A656665"})
        CHECK(signed_text({.key = config::KeyForm::Hex}, hex, "text") == wanted);
    for (const auto* base64 : {"SmVmZQ==", "SmVmZQ"})
        CHECK(signed_text({.key = config::KeyForm::Base64}, base64, "text") == wanted);
    const std::string all_bits = signed_text({}, "\xfb\xff\xfe", "text");
    CHECK(signed_text({.key = config::KeyForm::Base64}, "+//+", "text") == all_bits);
    CHECK(signed_text({.key = config::KeyForm::Hex}, "fbfffe", "text") == all_bits);
}

TEST_CASE("a key in the wrong form is a problem that does not tell the key") {
    for (const auto* secret : {"SmVmZ", "SmVmZQ=", "SmVmZQ===", "Sm=mZQ==", "SmVm ZQ=", "Sm-m", "SmVm\n", "===="}) {
        CAPTURE(secret);
        CHECK(signed_text({.key = config::KeyForm::Base64}, secret, "text") ==
              "problem: the credential `secret` is not Base64");
    }
    for (const auto* secret : {"4a6", "4g", "0x4a", "4a 6"}) {
        CAPTURE(secret);
        CHECK(signed_text({.key = config::KeyForm::Hex}, secret, "text") ==
              "problem: the credential `secret` is not hexadecimal");
    }
    for (const auto form : {config::KeyForm::Text, config::KeyForm::Hex, config::KeyForm::Base64})
        CHECK(signed_text({.key = form}, "", "text") == "problem: the credential `secret` is empty");
}
