#pragma once

#include "agent/protocols/identify.hpp"

/// The matchers behind the tables in identify.cpp, each described where it is defined.
namespace apiary::agent {

// Lines of text: identify_text.cpp.
Match matchHttp(std::string_view begin);
Match matchRedis(std::string_view begin);
Match matchSip(std::string_view begin);
Match matchSmtp(std::string_view begin);
Match matchSsh(std::string_view begin);

// Hosts and remote desktops: identify_binary.cpp.
Match matchRdp(std::string_view begin);
Match matchSmb(std::string_view begin);
Match matchTls(std::string_view begin);

// What they tell: identify_telling.cpp.
Telling tellLine(std::string_view begin, bool ended);
Telling tellRedis(std::string_view begin, bool ended);
Telling tellTls(std::string_view begin, bool ended);

}  // namespace apiary::agent
