#pragma once

#include <list>

namespace plimsoll::bridge {

/// Something in a list of its kind, as long as this lives.
template <class Thing>
class Listed {
 public:
  Listed(std::list<Thing*>& list, Thing& thing)
      : list_(list), at_(list.insert(list.end(), &thing)) {}
  ~Listed() { list_.erase(at_); }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;

 private:
  std::list<Thing*>& list_;
  const typename std::list<Thing*>::iterator at_;
};

}  // namespace plimsoll::bridge
