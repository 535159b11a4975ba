// SPDX-License-Identifier: Apache-2.0
// The open connections of a server, counted in total and per peer address (S-31). At a cap one that had its last
// answer gives way to the new one, or else the one that has waited longest for a request, or for its peer to read.
// Thread: any; one mutex, held for a few map operations and at a cap for one look at each connection, never while
// calling out. Ownership: holds no connection alive; a connection keeps its Place, which takes it off the list.
// Failure: admit() refuses when a cap is reached and the server is at work for every connection.
#pragma once

#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace embergate::http {

class Connection;

class Registry : public std::enable_shared_from_this<Registry> {
  struct Entry;
  using Entries = std::list<std::shared_ptr<Entry>>;

 public:
  // A counted connection; gives its count back when it dies.
  class Place {
   public:
    Place(std::shared_ptr<Registry> registry, boost::asio::ip::address address, Entries::iterator entry);
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place();
    void occupy(const std::shared_ptr<Connection>& connection);
    // No head of a request is complete: this connection may have to give way. The connection's strand.
    void waits();
    void works();
    // Its peer does not read the answer: after a second it is as one that waits.
    void stalls();
    // Its last answer is out: it is the first to give way.
    void ends();
    [[nodiscard]] const boost::asio::ip::address& address() const { return address_; }

   private:
    std::shared_ptr<Registry> registry_;
    boost::asio::ip::address address_;
    Entries::iterator entry_;
  };

  struct Admission {
    Place place;
    std::shared_ptr<Connection> displaced;  // no longer counted: it must be closed; may be null
  };

  Registry(std::size_t total_cap, std::size_t address_cap) : total_cap_(total_cap), address_cap_(address_cap) {}
  // `shared`: many callers stand behind this peer, so it counts in the total only.
  std::optional<Admission> admit(const boost::asio::ip::address& peer, bool shared = false);
  // Takes the connection that has waited longest off the list, to be closed; null where none waits.
  std::shared_ptr<Connection> displace_oldest();
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> connections() const;
  [[nodiscard]] std::size_t count() const;

 private:
  using Address = std::optional<boost::asio::ip::address>;  // nothing: any, or counted in the total only
  struct Entry {
    Address address;
    std::weak_ptr<Connection> connection;
    std::atomic<std::chrono::steady_clock::rep> waits_since{0};  // kWorks: not at all; kEnds: before all others
    bool counted = true;
  };

  Entry* longest_waiting(const Address& of) const;
  std::shared_ptr<Connection> displace(Entry* entry);
  void release(Entry& entry);

  std::size_t total_cap_;
  std::size_t address_cap_;
  mutable std::mutex mutex_;
  std::size_t total_ = 0;
  std::map<boost::asio::ip::address, std::size_t> per_address_;
  Entries entries_;
};

}  // namespace embergate::http
