// SPDX-License-Identifier: Apache-2.0
// The open connections of a server, counted in total and per peer address (S-31).
// Thread: any; one mutex, held for a few map operations, never while calling out. Ownership: holds no connection alive;
// a connection keeps its Place, which takes it off the list. Failure: admit() refuses when a cap is reached.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace embergate::http {

class Connection;

class Registry : public std::enable_shared_from_this<Registry> {
 public:
  // A counted connection; gives its count back when it dies.
  class Place {
   public:
    Place(std::shared_ptr<Registry> registry, boost::asio::ip::address address);
    Place(Place&&) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place();
    void occupy(const std::shared_ptr<Connection>& connection);
    [[nodiscard]] const boost::asio::ip::address& address() const { return address_; }

   private:
    std::shared_ptr<Registry> registry_;
    boost::asio::ip::address address_;
    Connection* connection_ = nullptr;
  };

  Registry(std::size_t total_cap, std::size_t address_cap) : total_cap_(total_cap), address_cap_(address_cap) {}
  std::optional<Place> admit(const boost::asio::ip::address& peer);
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> connections() const;
  [[nodiscard]] std::size_t count() const;

 private:
  std::size_t total_cap_;
  std::size_t address_cap_;
  mutable std::mutex mutex_;
  std::size_t total_ = 0;
  std::map<boost::asio::ip::address, std::size_t> per_address_;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> connections_;
};

}  // namespace embergate::http
