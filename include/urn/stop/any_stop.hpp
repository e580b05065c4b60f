#pragma once
/// \file
/// Stop criteria chosen at run time.

#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "urn/stop/any_of.hpp"
#include "urn/stop/stop.hpp"

namespace urn {

/// Any stop criterion, its type erased. Copies share the criterion; copying a state copies the criterion's
/// state.
class any_stop {
  // A criterion with a state of its own.
  struct run {
    run() = default;
    run(const run&) = default;
    run& operator=(const run&) = delete;
    virtual ~run() = default;
    virtual std::unique_ptr<run> clone() const = 0;
    virtual stop_decision update(const stop_input& input) = 0;
    virtual stop_check check() const = 0;
    virtual std::size_t criteria_count() const = 0;
  };

  template <stop_criterion C>
  struct run_of final : run {
    std::shared_ptr<const C> criterion;
    stop_state_t<C> current;

    explicit run_of(C c) : criterion(std::make_shared<const C>(std::move(c))), current(criterion->start()) {}
    std::unique_ptr<run> clone() const override { return std::make_unique<run_of>(*this); }
    stop_decision update(const stop_input& input) override { return criterion->update(current, input); }
    stop_check check() const override { return urn::check(*criterion); }
    std::size_t criteria_count() const override { return urn::criteria_count(*criterion); }
  };

 public:
  class state {
   public:
    state(const state& other) : run_(other.run_->clone()) {}
    state(state&&) noexcept = default;
    state& operator=(const state& other) { return *this = state(other); }
    state& operator=(state&&) noexcept = default;
    ~state() = default;

   private:
    friend any_stop;
    explicit state(std::unique_ptr<run> run) : run_(std::move(run)) {}
    std::unique_ptr<run> run_;
  };

  template <class C>
    requires(!std::same_as<C, any_stop>)
  &&stop_criterion<C> any_stop(C criterion)
      : fresh_(std::make_shared<const run_of<C>>(std::move(criterion))) {}

  std::size_t criteria_count() const { return fresh_->criteria_count(); }
  stop_check check() const { return fresh_->check(); }
  state start() const { return state(fresh_->clone()); }
  stop_decision update(state& current, const stop_input& input) const { return current.run_->update(input); }

 private:
  std::shared_ptr<const run> fresh_;
};

/// any_of, for a list made at run time; an empty one never stops.
struct stop_list {
  std::vector<any_stop> criteria;

  using state = std::vector<any_stop::state>;

  std::size_t criteria_count() const {
    std::size_t count = 0;
    for (const auto& criterion : criteria) count += criterion.criteria_count();
    return count;
  }

  stop_check check() const {
    stop_check result;
    std::size_t first = 0;
    for (const auto& criterion : criteria) {
      detail::merge(result, criterion.check(), first);
      first += criterion.criteria_count();
    }
    return result;
  }

  state start() const {
    state states;
    states.reserve(criteria.size());
    for (const auto& criterion : criteria) states.push_back(criterion.start());
    return states;
  }

  stop_decision update(state& states, const stop_input& input) const {
    stop_decision result;
    std::size_t first = 0;
    for (std::size_t i = 0; i < criteria.size(); ++i) {
      detail::merge(result, criteria[i].update(states[i], input), first);
      first += criteria[i].criteria_count();
    }
    return result;
  }
};

}  // namespace urn
