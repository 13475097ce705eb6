#include "plimsoll/core/client/scattered_requests.h"

#include <algorithm>
#include <new>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/error_reply.h"
#include "plimsoll/core/resp/reader.h"

// More than 500 lines, because the parts of a request are planned, sent and gathered, or fail,
// here, and each of these depends on how far the others are.

namespace plimsoll::inline v0 {
namespace {

using commands::Spread;

constexpr Error no_room_for_plan{
    .code = ErrorCode::rejected_by_limit,
    .what = "the requests pool has no room to divide a request by the slots of its keys",
    .expected = "other requests to end first, or fewer keys in one request"};

constexpr Error node_is_gone{
    .code = ErrorCode::connection_lost,
    .what = "the node owns no slots any more, and the one that has them was asked already",
    .expected = "the same request again"};

constexpr Error no_room_for_page{
    .code = ErrorCode::reply_too_large,
    .executed = Executed::yes,
    .what = "the replies pool has no room for a page of a walk, or reply_bytes_max is reached",
    .expected = "a smaller COUNT"};

constexpr const char* no_words =
    "a part of the request has failed, and there is no memory to say more about it";

bool goes_by_slots(Spread spread) {
  return spread == Spread::slots_values || spread == Spread::slots_sum ||
         spread == Spread::slots_all;
}

}  // namespace

ScatteredRequests::ScatteredRequests(Session& main, ClusterNodes& nodes, ClusterSlots& slots,
                                     ParkedRequests& wholes)
    : main_(main),
      nodes_(nodes),
      slots_(slots),
      parked_(wholes),
      requests_(main.accounts().requests),
      replies_(main.accounts().replies),
      window_(std::max<std::size_t>(main.options().inflight_requests_limit / 2, 1)) {}

ScatteredRequests::~ScatteredRequests() {
  for (Whole* const begin : {first_, ended_first_}) {
    for (Whole* whole = begin; whole != nullptr;) {
      const Box<Whole> gone = std::move(whole->self);
      whole = gone->next;
    }
  }
}

// ---- A new whole.

bool ScatteredRequests::make_room() {
  if (!spare_) spare_ = Box<Whole>::make(requests_, 0);
  return static_cast<bool>(spare_);
}

void ScatteredRequests::begin(RequestId id, Spread spread, ReadsAt reads_at, Tag tag,
                              std::uint32_t number) {
  PLIMSOLL_CHECK(spare_);
  Whole& whole = *spare_;
  whole.spread = spread;
  whole.gather.emplace(spread, replies_, main_.options().reply_bytes_max,
                       main_.options().random_seed + number);
  whole.id = id;
  whole.tag = tag;
  whole.number = number;
  whole.may_be_at_replica = reads_at == ReadsAt::replicas_too;
  whole.self = std::move(spare_);
  whole.previous = last_;
  (last_ == nullptr ? first_ : last_->next) = &whole;
  last_ = &whole;
  if (unsent_ == nullptr) unsent_ = &whole;
  ++wholes_parked_;
  ++scattered_;
}

Status ScatteredRequests::plan_last() { return may_be_planned(*last_) ? plan(*last_) : Status(); }

void ScatteredRequests::forget_last() {
  Whole& whole = *last_;
  unlink(whole);
  --wholes_parked_;
  --scattered_;
  const Box<Whole> gone = std::move(whole.self);
}

bool ScatteredRequests::may_be_planned(const Whole& whole) const {
  return slots_.has_view() || goes_by_slots(whole.spread);
}

Status ScatteredRequests::plan(Whole& whole) {
  const bool is_page = whole.spread == Spread::walk;
  const Status planned = is_page                       ? plan_page(whole)
                         : goes_by_slots(whole.spread) ? plan_slots(whole)
                                                       : plan_nodes(whole);
  if (!planned) return planned;
  if (const Status places = make_places(whole); !places) return places;
  whole.is_planned = true;
  return {};
}

Status ScatteredRequests::plan_slots(Whole& whole) {
  if (whole.keys_block) return {};
  const auto request = parked_.pipeline().live(whole.id);
  PLIMSOLL_CHECK(request);
  const bool has_values = whole.spread == Spread::slots_all;
  RequestSplitter splitter(has_values ? RequestSplitter::Words::pairs
                                      : RequestSplitter::Words::keys);
  std::array<std::string_view, 8> spans;
  for (std::uint64_t at = 0; at < request->bytes;) {
    const std::size_t count =
        parked_.pipeline().staged_places(whole.id, at, request->bytes - at, spans);
    for (std::string_view piece : std::span(spans).first(count)) {
      at += piece.size();
      piece.remove_prefix(splitter.take(piece));
      if (piece.empty()) continue;
      whole.keys_count = splitter.keys_count();
      PLIMSOLL_CHECK(whole.keys_count > 0);
      whole.keys_block = Block::allocate(requests_, whole.keys_count * sizeof(SplitKey));
      if (!whole.keys_block) return no_room_for_plan;
      for (SplitKey& key : whole.keys()) new (&key) SplitKey();
      splitter.set_room(whole.keys());
      splitter.take(piece);
    }
  }
  PLIMSOLL_CHECK(splitter.is_done());
  sort_keys(whole.keys(), KeyOrder::by_slot);
  whole.name_at = splitter.name_at();
  whole.name_size = splitter.name_size();
  whole.words_per_key = has_values ? 2 : 1;
  whole.parts_count = static_cast<std::uint32_t>(count_slots(whole.keys()));
  return {};
}

Status ScatteredRequests::plan_nodes(Whole& whole) {
  whole.parts_count = 0;
  whole.targets_block =
      Block::allocate(requests_, std::max<std::size_t>(1, nodes_.end()) * sizeof(Target));
  if (!whole.targets_block) return no_room_for_plan;
  nodes_.for_each([&](NodeNumber number, const ClusterNode& node) {
    if (node.slots == 0) return;
    whole.targets()[whole.parts_count++] = {.node = number, .slot = slots_.slot_of(number)};
  });
  return whole.parts_count == 0 ? Status(ClusterSlots::has_no_primary) : Status();
}

Status ScatteredRequests::plan_page(Whole& whole) {
  if (!whole.walk) {
    const auto request = parked_.pipeline().live(whole.id);
    PLIMSOLL_CHECK(request);
    whole.walk = Box<WalkRequest>::make(requests_, 0, parked_.pipeline());
    if (!whole.walk) return no_room_for_plan;
    if (const Status read = whole.walk->read(*request); !read) return read;
  }
  const Result<Walk::Step> step = whole.walk->next([&](Slot slot) {
    const NodeNumber owner = slots_.table().at(slot).owner();
    if (owner == no_node || !is_known(nodes_[owner].id)) return std::uint64_t{0};
    return node_key(nodes_[owner].id);
  });
  if (!step) return step.error();
  whole.step = *step;
  whole.parts_count = 1;
  return {};
}

Status ScatteredRequests::make_places(Whole& whole) {
  const std::size_t count = std::min<std::size_t>(whole.parts_count, window_);
  whole.places = Block::allocate(requests_, count * sizeof(Part));
  if (!whole.places) return no_room_for_plan;
  whole.places_count = static_cast<std::uint32_t>(count);
  for (std::uint32_t i = 0; i < whole.places_count; ++i) {
    Part& part = *new (&whole.all_places()[i]) Part();
    part.whole = &whole;
    part.first = i + 1 == whole.places_count ? Whole::no_place : i + 1;
  }
  whole.free_place = 0;
  return {};
}

// ---- Parts.

std::optional<ScatteredRequests::PartToSend> ScatteredRequests::next_part() {
  for (;;) {
    if (unsent_ == nullptr) return std::nullopt;
    if (unsent_->is_planned) break;
    Whole& whole = *unsent_;
    if (!may_be_planned(whole)) return std::nullopt;
    const Status planned = plan(whole);
    if (planned) break;
    if (planned.error().code == ErrorCode::rejected_by_limit) {
      lacks_memory_ = true;
      return std::nullopt;
    }
    fail(whole, nullptr, planned.error(), std::nullopt, nullptr);
    finish_if_done(whole);
  }
  Whole& whole = *unsent_;
  if (whole.free_place == Whole::no_place) return std::nullopt;
  if (under_way_ >= window_ && whole.under_way > 0) return std::nullopt;
  const auto request = parked_.pipeline().live(whole.id);
  if (!request) return std::nullopt;  // it is about to end
  Part& part = whole.all_places()[whole.free_place];
  sending_ = &part;
  part.count = 0;
  PartToSend to_send{.journey = {.number = whole.number},
                     .deadline = request->deadline,
                     .tag = tags::of_part(reinterpret_cast<std::uintptr_t>(&part))};
  if (whole.walk) {
    to_send.wait = whole.step.wait;
    to_send.journey.is_unordered = true;
    part.slot = whole.step.slot;
    page_command_.emplace(*whole.walk);
    to_send.command = &page_command_->view();
  } else if (goes_by_slots(whole.spread)) {
    const std::span<const SplitKey> left = whole.keys().subspan(whole.next_key);
    const std::size_t count = size_of_part(left);
    part.count = static_cast<std::uint32_t>(count);
    part.slot = left[0].request.slot;
    slot_command_.emplace(PartCommand::Whole{.pipeline = &parked_.pipeline(),
                                             .request = *request,
                                             .name_at = whole.name_at,
                                             .name_size = whole.name_size,
                                             .words_per_key = whole.words_per_key},
                          left.first(count));
    to_send.command = &slot_command_->command();
    to_send.may_be_at_replica = whole.may_be_at_replica;
  } else {
    const Target& target = whole.targets()[whole.sent];
    part.node = to_send.node = target.node;
    part.slot = target.slot;
    to_send.journey.is_for_node = true;
    node_command_.emplace(parked_.pipeline(), *request, 0, HandedRequest::Asking::no);
    to_send.command = &node_command_->command();
  }
  to_send.journey.slot = part.slot;
  return to_send;
}

void ScatteredRequests::note_sent(RequestId id) {
  Part& part = *std::exchange(sending_, nullptr);
  Whole& whole = *part.whole;
  whole.free_place = part.first;
  part.first = static_cast<std::uint32_t>(whole.next_key);
  part.id = id;
  part.is_used = true;
  part.has_no_node = false;
  whole.next_key += part.count;
  ++whole.sent;
  if (whole.under_way++ == 0) ++wholes_with_parts_;
  ++under_way_;
  ++parts_;
  follow_unsent();
}

Status ScatteredRequests::take_lack_of_memory() {
  return std::exchange(lacks_memory_, false) ? Status(no_room_for_plan) : Status();
}

void ScatteredRequests::fail_next(const Error& error) {
  Whole* const whole = unsent_;
  if (whole == nullptr || whole->under_way > 0) return;
  fail(*whole, nullptr, error, std::nullopt, nullptr);
  finish_if_done(*whole);
}

// Those behind a whole with unsent parts have sent none.
void ScatteredRequests::follow_unsent() {
  while (unsent_ != nullptr && (unsent_->is_sent() || unsent_->has_failed)) {
    unsent_ = unsent_->next;
  }
}

ScatteredRequests::Ids ScatteredRequests::ids_of(Tag tag) const {
  const Part& part = *reinterpret_cast<const Part*>(tags::address_of(tag));
  return part.whole->is_parked ? Ids{part.whole->id, part.id} : Ids();
}

Tag ScatteredRequests::tag_of(Tag tag) const {
  if (!tags::is_part(tag)) return tag;
  const Whole& whole = *reinterpret_cast<const Part*>(tags::address_of(tag))->whole;
  return whole.is_parked ? whole.tag : 0;
}

void ScatteredRequests::handle_part(const Event& event, const ClusterNode* at) {
  Part& part = *reinterpret_cast<Part*>(tags::address_of(event.tag));
  Whole& whole = *part.whole;
  const NodeAddress* const node = at == nullptr ? nullptr : &at->address;
  PLIMSOLL_CHECK(part.is_used);
  if (event.kind != Event::Kind::completed && event.kind != Event::Kind::failed) {
    // The outcome says that none of a transaction has run, and this says why.
    if (whole.walk) fail(whole, nullptr, *event.error, event.value, nullptr);
    return;
  }
  if (whole.walk) {
    take_page(whole, event, at);
  } else if (event.kind == Event::Kind::completed) {
    ++whole.run;
    if (whole.spread == Spread::nodes_map) {
      add_of_node(whole, part, *event.value, node);
    } else if (!whole.has_failed) {
      const std::span<SplitKey> keys = whole.keys().subspan(part.first, part.count);
      const Status added = whole.gather->add(*event.value, keys);
      if (!added) fail(whole, &part, added.error(), std::nullopt, node);
    }
  } else {
    const Error& error = part.has_no_node ? node_is_gone : *event.error;
    if (error.executed == Executed::yes) ++whole.run;
    if (error.executed == Executed::maybe) ++whole.maybe_run;
    if (whole.spread == Spread::nodes_map && event.value && node != nullptr) {
      add_of_node(whole, part, *event.value, node);  // a node's words are its answer, whatever else
    } else {
      fail(whole, &part, error, event.value, node);
    }
  }
  release_part(whole, part);
  finish_if_done(whole);
}

void ScatteredRequests::add_of_node(Whole& whole, const Part& part, const Value& value,
                                    const NodeAddress* node) {
  if (whole.has_failed) return;
  const Status added = whole.gather->add_of_node(*node, value);
  if (!added) fail(whole, &part, added.error(), std::nullopt, node);
}

// A page that was lost is asked for again by the caller's next call, with which the walk goes on.
void ScatteredRequests::take_page(Whole& whole, const Event& event, const ClusterNode* node) {
  if (whole.has_failed) return;
  if (event.kind == Event::Kind::failed) {
    const bool is_lost =
        event.error->code == ErrorCode::lost_in_doubt && !event.value && !main_.is_closed();
    if (is_lost) return answer_page(whole, whole.walk->take_loss());
    if (event.error->executed == Executed::yes) ++whole.run;
    if (event.error->executed == Executed::maybe) ++whole.maybe_run;
    return fail(whole, nullptr, *event.error, event.value, nullptr);
  }
  ++whole.run;
  const auto answer = whole.walk->take(*event.value, node_key(node->id));
  if (!answer) return fail(whole, nullptr, answer.error(), std::nullopt, nullptr);
  if (answer->refusal) {
    const Error error = error_of_reply(*answer->refusal->as_error(), Speaker::server);
    return fail(whole, nullptr, error, answer->refusal, nullptr);
  }
  // The client may know less than the node about who has its slots.
  if (whole.walk->is_in_vain()) slots_.want_view(main_.now(), ViewSchedule::Need::normal);
  answer_page(whole, *answer);
}

void ScatteredRequests::answer_page(Whole& whole, const WalkRequest::Answer& answer) {
  char* const out = whole.gather->make_answer(whole.walk->answer_size(answer));
  if (out == nullptr) return fail(whole, nullptr, no_room_for_page, std::nullopt, nullptr);
  whole.walk->write_answer(answer, out);
}

void ScatteredRequests::release_part(Whole& whole, Part& part) {
  const auto place = static_cast<std::uint32_t>(&part - whole.all_places().data());
  part.is_used = false;
  part.count = 0;
  part.first = std::exchange(whole.free_place, place);
  --under_way_;
  if (--whole.under_way == 0) --wholes_with_parts_;
}

ScatteredRequests::Whole* ScatteredRequests::end_parked(const Event& event) {
  Whole& whole = *reinterpret_cast<Whole*>(tags::address_of(event.tag));
  whole.is_parked = false;
  --wholes_parked_;
  // If all parts are answered, the answers are the outcome.
  if (!whole.is_sent() || whole.under_way > 0) {
    fail(whole, nullptr, *event.error, std::nullopt, nullptr);
  }
  return &whole;
}

bool ScatteredRequests::may_take_over(Tag tag, NodeNumber owner) {
  Part& part = *reinterpret_cast<Part*>(tags::address_of(tag));
  const Whole& whole = *part.whole;
  const std::span targets(whole.targets(), whole.parts_count);
  part.has_no_node = std::any_of(targets.begin(), targets.end(),
                                 [owner](const Target& each) { return each.node == owner; });
  return !part.has_no_node;
}

// ---- Failures.

// The first failure is told. Of a request to which one success is enough, such as SCRIPT KILL, a
// failure that is not the usual one says more than the others.
void ScatteredRequests::fail(Whole& whole, const Part* part, const Error& error,
                             const std::optional<Value>& value, const NodeAddress* node) {
  const bool one_will_do = whole.spread == Spread::nodes_one && part != nullptr;
  const bool says_more = !whole.failure || whole.failure->starts_with("NOTBUSY");
  if (!whole.has_failed && (!one_will_do || says_more)) {
    PartsFailure::Place place{.slot = std::nullopt, .node = node};
    if (part != nullptr && part->node == no_node) place.slot = part->slot;
    whole.error = error;
    // One node alone has refused a page of a walk: its words, or those of the error, are enough.
    if (!whole.walk || value) {
      whole.failure =
          Box<PartsFailure>::make(requests_, 0, error, value, part == nullptr ? nullptr : &place);
      if (!whole.failure) whole.error.what = no_words;
    }
  }
  if (one_will_do) return;
  whole.has_failed = true;
  follow_unsent();
}

Executed ScatteredRequests::executed(const Whole& whole) {
  if (whole.run + whole.maybe_run == 0) return Executed::no;
  return whole.is_planned && whole.run == whole.parts_count ? Executed::yes : Executed::maybe;
}

Event ScatteredRequests::failure(Whole& whole) {
  event_error_ = whole.error;
  event_error_.executed = executed(whole);
  Event event{.kind = Event::Kind::failed, .tag = whole.tag, .error = &event_error_};
  if (!whole.failure) return event;
  if (whole.walk) {
    whole.failure->keep_words_only();
  } else {
    whole.failure->add({.run = whole.run, .maybe_run = whole.maybe_run, .all = whole.parts_count});
  }
  if (!whole.failure->is_of_server()) {
    event_error_.what = whole.failure->what();
    return event;
  }
  delivered_wire_ = whole.failure->wire();
  if (const Result<Value> value = reader_->read(delivered_wire_)) event.value = *value;
  return event;
}

// ---- Outcomes.

void ScatteredRequests::finish_if_done(Whole& whole) {
  if (whole.under_way > 0 || (!whole.has_failed && !whole.is_sent())) return;
  if (whole.is_parked) {
    // If it ends there just now, that comes here again.
    if (!parked_.pipeline().live(whole.id)) return;
    parked_.end(whole.id);
    whole.is_parked = false;
    --wholes_parked_;
  }
  unlink(whole);
  whole.next = nullptr;
  (ended_last_ == nullptr ? ended_first_ : ended_last_->next) = &whole;
  ended_last_ = &whole;
}

void ScatteredRequests::unlink(Whole& whole) {
  if (unsent_ == &whole) unsent_ = whole.next;
  (whole.previous == nullptr ? first_ : whole.previous->next) = whole.next;
  (whole.next == nullptr ? last_ : whole.next->previous) = whole.previous;
  follow_unsent();
}

Event ScatteredRequests::take_outcome() {
  Whole& whole = *ended_first_;
  ended_first_ = whole.next;
  if (ended_first_ == nullptr) ended_last_ = nullptr;
  delivered_ = std::move(whole.self);
  reader_.emplace(replies_);
  const bool has_none = whole.spread == Spread::nodes_one && whole.gather->count() == 0;
  if (whole.has_failed || has_none) return failure(whole);
  const Result<std::string_view> wire = whole.gather->finish(whole.keys());
  Result<Value> value = wire ? reader_->read(*wire) : Result<Value>(wire.error());
  if (!value) {
    event_error_ = value.error();
    return {.kind = Event::Kind::failed, .tag = whole.tag, .error = &event_error_};
  }
  delivered_wire_ = *wire;
  return {.kind = Event::Kind::completed, .tag = whole.tag, .value = *value};
}

Result<Reply> ScatteredRequests::keep_reply() const {
  PLIMSOLL_CHECK(!delivered_wire_.empty());
  return Reader::copy_of(delivered_wire_, replies_);
}

void ScatteredRequests::forget_outcome() {
  reader_.reset();
  delivered_wire_ = {};
  const Box<Whole> gone = std::move(delivered_);
}

void ScatteredRequests::validate() const {
  std::size_t under_way = 0;
  std::size_t with_parts = 0;
  std::size_t parked = 0;
  bool is_unsent = false;
  for (Whole* whole = first_; whole != nullptr; whole = whole->next) {
    is_unsent = is_unsent || whole == unsent_;
    if (!whole->has_failed) PLIMSOLL_CHECK(whole->is_sent() != is_unsent);
    std::size_t used = 0;
    for (const Part& part : whole->all_places()) used += part.is_used ? 1 : 0;
    PLIMSOLL_CHECK(used == whole->under_way);
    under_way += used;
    if (used > 0) ++with_parts;
    if (whole->is_parked) ++parked;
  }
  PLIMSOLL_CHECK(under_way == under_way_ && with_parts == wholes_with_parts_);
  PLIMSOLL_CHECK(parked == wholes_parked_ && (unsent_ == nullptr || is_unsent));
}

}  // namespace plimsoll::inline v0
