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

#include "plimsoll/native/awaited_credentials.h"
#include "plimsoll/native/client.h"
#include "plimsoll/native/client_side_cache.h"
#include "plimsoll/native/config/configuration.h"
#include "plimsoll/native/config/configuration_file.h"
#include "plimsoll/native/memory_options.h"
#include "plimsoll/native/optimistic.h"
#include "plimsoll/native/scan.h"
#include "plimsoll/native/script.h"
#include "plimsoll/native/statistics.h"
#include "plimsoll/native/stream_reader.h"
#include "plimsoll/native/subscription.h"
#include "plimsoll/native/transaction.h"

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
