#pragma once

#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "plimsoll/awaited_credentials.h"
#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/configuration.h"
#include "plimsoll/configuration_file.h"
#include "plimsoll/memory.h"
#include "plimsoll/nodes.h"
#include "plimsoll/optimistic.h"
#include "plimsoll/scan.h"
#include "plimsoll/script.h"
#include "plimsoll/stream_reader.h"
#include "plimsoll/subscription.h"
#include "plimsoll/transaction.h"

// What fragments of C++ in docs/ may use without saying where it comes from (fragments.py). Nothing
// of it is there: they are compiled, not run.

namespace fragments {

namespace asio = boost::asio;
namespace native = plimsoll::native;
using namespace std::chrono_literals;
using native::memory_statistics;

// A program's, which has connected.
extern native::Client client;
extern native::Options options;
extern std::shared_ptr<native::ClientSideCache> cache;
extern native::Subscription sub;
extern native::LoadOptions from;
extern std::shared_ptr<native::ConfigurationFile> file;
extern std::string token;

// The reader's own.
void log(std::string_view text);
void refresh();
void use(const auto& value);
void read(std::string_view channel, std::string_view payload);
asio::awaitable<native::Credentials> ask_vault();

}  // namespace fragments
