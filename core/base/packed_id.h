#pragma once

#include <cstdint>

// Identifiers that pack several facts into 64 bits. This file alone defines what each bit means.
// With a packed id a caller keeps one number, and a late cancel() of something that has ended finds
// nothing instead of something else that took its place.
//
// The id of a request (RequestId), from the highest bit to the lowest:
//
//     what it names                     63..56 place   55 wait   54..44           43..0
//     ------------------------------------------------------------------------------------------
//     a request, main connection        0              0         position in its request log
//     a caller that joined a fetch      0              1         number of the caller
//     a request, side connection        1 to 63        0         incarnation    position in log
//     a wait for messages, likewise     1 to 63        1         incarnation    number of the wait
//     a request that is parked          0x50, 0x51     0         0              position in log
//     a waiter for room                 0x80           number of the waiter
//     a waiter for a side connection    0xc0           number of the waiter
//
// The place of a side connection is its index. Successive connections with the same index differ in
// their incarnation.
//
// The id of a request at a node of a cluster has 0100 in 63..60, the node's number in 59..50, the
// incarnation of the connection in 49..44, and the position in its log in 43..0.
//
// The tag of a request (Tag), which its outcome carries:
//
//     what it names                                    bits
//     ------------------------------------------------------------------------------------------
//     a user's request, native                         the address of its operation
//     a user's request, WebAssembly                    31..0: the host's number
//     ... that waits for messages                      32: set
//     a fetch of the near cache                        63..48: 0xffff; 47..0: address of the Fetch
//     a request of several parts, or a part of one     63..48: 0xfffe, 0xfffd; 47..0: its address
//     a request of the client's own                    the last 256 values (session.h)
//
// The template of wasm/table.h makes a third packed id: a place and a count of uses in 31 bits.
//
// No code checks at run time that a position fits its bits: no process lives long enough to write a
// log of 2^44 bytes on one side connection or to one node, or of 2^55 bytes on the main connection.

namespace plimsoll::inline v0 {

/// Bits `first` to `first + width - 1` of a 64-bit number.
template <int first, int width>
struct BitField {
  static_assert(first >= 0 && width > 0 && first + width <= 64);

  static constexpr std::uint64_t values_count = width == 64 ? 0 : std::uint64_t{1} << (width % 64);
  static constexpr std::uint64_t mask = (values_count - 1) << first;

  /// `value` must be less than values_count.
  static constexpr std::uint64_t put(std::uint64_t value) { return value << first; }
  static constexpr std::uint64_t get(std::uint64_t bits) { return (bits & mask) >> first; }
};

/// Returns true if no bit belongs to two of the fields.
template <class... Field>
constexpr bool are_disjoint() {
  std::uint64_t seen = 0;
  bool disjoint = true;
  ((disjoint = disjoint && (seen & Field::mask) == 0, seen |= Field::mask), ...);
  return disjoint;
}

namespace request_ids {

using Place = BitField<56, 8>;
using Wait = BitField<55, 1>;
using Incarnation = BitField<44, 11>;  ///< of a side connection
using Number = BitField<0, 44>;

static_assert(are_disjoint<Place, Wait, Incarnation, Number>());
static_assert((Place::mask | Wait::mask | Incarnation::mask | Number::mask) == UINT64_MAX);

/// Places below this belong to connections; 0 is the main connection's.
inline constexpr std::uint64_t places_of_connections = 0x80;

/// Of requests that a client of a cluster keeps until they can be sent: they lie on no connection.
inline constexpr std::uint64_t returned_place = 0x50;
inline constexpr std::uint64_t waiting_place = 0x51;

// ---- Waiters (core/client/admission.h).

/// The ids of waiters are above these.
inline constexpr std::uint64_t room_waiters = Place::put(places_of_connections);
inline constexpr std::uint64_t connection_waiters = Place::put(0xc0);

constexpr bool is_waiter(std::uint64_t id) { return (id & room_waiters) != 0; }
constexpr bool is_waiter_for_connection(std::uint64_t id) {
  return (id & connection_waiters) == connection_waiters;
}
constexpr std::uint64_t waiter_number(std::uint64_t id) { return id & ~connection_waiters; }

// ---- Callers that joined a fetch, and waits for messages.

/// The ids of such waits are above this.
inline constexpr std::uint64_t first_wait = Wait::put(1);

constexpr bool is_wait_for_fetch(std::uint64_t id) {
  return (id & (Place::mask | Wait::mask)) == first_wait;
}

// ---- Requests on side connections. These take only ids for which is_waiter() is false.

constexpr bool is_on_side(std::uint64_t id) { return (id & Place::mask) != 0; }

/// `id` is the id of the request in that connection's session, or of the wait in its subscription.
constexpr std::uint64_t on_side(std::uint64_t connection, std::uint64_t incarnation,
                                std::uint64_t id) {
  return (id & ~Incarnation::mask) | Incarnation::put(incarnation) | Place::put(connection);
}
constexpr std::uint64_t connection_of(std::uint64_t id) { return Place::get(id); }
constexpr std::uint64_t incarnation_of(std::uint64_t id) { return Incarnation::get(id); }

// ---- Requests at nodes of a cluster. These take only ids for which is_waiter() is false.

using NodeMark = BitField<60, 4>;
using Node = BitField<50, 10>;
using NodeIncarnation = BitField<44, 6>;

static_assert(are_disjoint<NodeMark, Node, NodeIncarnation, Number>());
static_assert((NodeMark::mask | Node::mask | NodeIncarnation::mask | Number::mask) == UINT64_MAX);

inline constexpr std::uint64_t at_nodes = NodeMark::put(0b0100);
static_assert(NodeMark::get(Place::put(returned_place)) != NodeMark::get(at_nodes));
static_assert(NodeMark::get(Place::put(63)) != NodeMark::get(at_nodes));

constexpr bool is_at_node(std::uint64_t id) { return (id & NodeMark::mask) == at_nodes; }
constexpr std::uint64_t at_node(std::uint64_t node, std::uint64_t incarnation, std::uint64_t id) {
  return at_nodes | Node::put(node) |
         NodeIncarnation::put(incarnation % NodeIncarnation::values_count) | (id & Number::mask);
}
constexpr std::uint64_t node_of(std::uint64_t id) { return Node::get(id); }
constexpr std::uint64_t node_incarnation_of(std::uint64_t id) { return NodeIncarnation::get(id); }

/// Returns the `id` that on_side() or at_node() was called with, without what these have added.
constexpr std::uint64_t request_of(std::uint64_t id) {
  return is_at_node(id) ? id & Number::mask : id & ~(Place::mask | Incarnation::mask);
}
constexpr bool is_wait_for_messages(std::uint64_t request) { return (request & Wait::mask) != 0; }

// ---- As two words of 32 bits, as they cross the C ABI.

constexpr std::uint32_t low_word(std::uint64_t id) { return static_cast<std::uint32_t>(id); }
constexpr std::uint32_t high_word(std::uint64_t id) { return static_cast<std::uint32_t>(id >> 32); }
constexpr std::uint64_t of_words(std::uint32_t high, std::uint32_t low) {
  return std::uint64_t{high} << 32 | low;
}

}  // namespace request_ids

namespace tags {

using Kind = BitField<48, 16>;
using Address = BitField<0, 48>;

static_assert(are_disjoint<Kind, Address>());
static_assert((Kind::mask | Address::mask) == UINT64_MAX);

/// Tags from here on are not users' tags: a process's addresses end before 2^48.
inline constexpr std::uint64_t fetch_first = Kind::put(0xffff);

/// The last 256 values belong to the client's internal requests. No address of a Fetch reaches
/// them.
inline constexpr std::uint64_t internal_first = UINT64_MAX - 255;

static_assert(fetch_first < internal_first);

constexpr bool is_fetch(std::uint64_t tag) { return tag >= fetch_first && tag < internal_first; }

constexpr std::uint64_t of_fetch(std::uint64_t address) { return fetch_first | address; }
constexpr std::uint64_t address_of_fetch(std::uint64_t tag) { return tag & ~fetch_first; }

/// Requests that a client of a cluster sends in parts (core/client/scattered_requests.h).
inline constexpr std::uint64_t whole_first = Kind::put(0xfffe);
inline constexpr std::uint64_t part_first = Kind::put(0xfffd);

static_assert(part_first < whole_first && whole_first < fetch_first);

constexpr bool is_whole(std::uint64_t tag) { return tag >= whole_first && tag < fetch_first; }
constexpr bool is_part(std::uint64_t tag) { return tag >= part_first && tag < whole_first; }

constexpr std::uint64_t of_whole(std::uint64_t address) { return whole_first | address; }
constexpr std::uint64_t of_part(std::uint64_t address) { return part_first | address; }
/// The address in a tag of either kind.
constexpr std::uint64_t address_of(std::uint64_t tag) { return Address::get(tag); }

/// In WebAssembly: the host's number of a request, and whether the request waits for messages.
using HostNumber = BitField<0, 32>;
using HostWaitsForMessages = BitField<32, 1>;

static_assert(are_disjoint<Kind, HostWaitsForMessages, HostNumber>());

constexpr std::uint64_t of_message_wait(std::uint32_t number) {
  return HostWaitsForMessages::put(1) | number;
}
constexpr bool is_message_wait(std::uint64_t tag) { return HostWaitsForMessages::get(tag) != 0; }

}  // namespace tags
}  // namespace plimsoll::inline v0
