// See grant_book.h.
#include "tests/simulation/grant_book.h"

#include <vector>

#include "tests/simulation/check.h"

namespace coheld::simulation {
namespace {

// Takes the numbers of grants out of words.
std::vector<uint64_t> TakeNumbers(std::string* words) {
  std::vector<uint64_t> numbers;
  for (size_t at = words->find('@'); at != std::string::npos; at = words->find('@', at + 1)) {
    size_t digits = 0;
    numbers.push_back(std::stoull(words->substr(at + 1), &digits));
    words->erase(at + 1, digits);
  }
  return numbers;
}

}  // namespace

void GrantBook::Note(uint64_t number, uint64_t grant, uint64_t call, uint64_t index) {
  const bool own = grant / engine::testing::kGrantsPerCall == call;
  const auto [place, fresh] = grants_.try_emplace(number, Grant{grant, index, own});
  const auto [other, first] = told_.try_emplace(grant, number);
  Require(place->second.number == grant && !lost_.contains(number),
          "two grants have number " + std::to_string(number));
  Require(other->second == number, "a grant has the numbers " + std::to_string(other->second) +
                                       " and " + std::to_string(number));
  if (own && !place->second.own) place->second = {grant, index, own};
}

bool GrantBook::MatchWords(const std::string& told, const std::string& expected) {
  std::string told_words = told;
  std::string expected_words = expected;
  TakeNumbers(&told_words);
  TakeNumbers(&expected_words);
  return told_words == expected_words;
}

bool GrantBook::Match(const std::string& told, const std::string& expected, uint64_t call,
                      uint64_t index) {
  if (!MatchWords(told, expected)) return false;
  std::string words = told;
  const std::vector<uint64_t> numbers = TakeNumbers(&words);
  words = expected;
  const std::vector<uint64_t> grants = TakeNumbers(&words);
  for (size_t i = 0; i < numbers.size(); ++i) Note(numbers[i], grants[i], call, index);
  return true;
}

void GrantBook::JudgeOrder(const engine::testing::LockModel& locks) const {
  for (const auto& [name, lock] : locks.all()) {
    uint64_t last = 0;
    for (const uint64_t grant : lock.grants) {
      const auto told = told_.find(grant);
      if (told == told_.end()) continue;
      Require(told->second > last, "the tokens of " + name +
                                       " do not grow: " + std::to_string(told->second) +
                                       " comes after " + std::to_string(last));
      last = told->second;
    }
  }
}

uint64_t GrantBook::With(uint64_t number) const {
  if (number == 0) return 0;
  const auto found = grants_.find(number);
  return found == grants_.end() ? UINT64_MAX : found->second.number;
}

void GrantBook::TakeBack(uint64_t index, const std::function<bool(uint64_t)>& is_there) {
  std::erase_if(grants_, [&](const auto& grant) {
    if (grant.second.index <= index || is_there(grant.second.number)) return false;
    if (grant.second.own) lost_.insert(grant.first);
    told_.erase(grant.second.number);
    return true;
  });
}

void GrantBook::Forget() {
  grants_.clear();
  told_.clear();
}

}  // namespace coheld::simulation
