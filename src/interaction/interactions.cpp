// SPDX-License-Identifier: Apache-2.0
#include "embergate/interaction/interactions.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "embergate/core/assert.hpp"
#include "embergate/core/blocking.hpp"
#include "embergate/core/byte_budget.hpp"
#include "embergate/core/uuid.hpp"
#include "embergate/fhir/reference.hpp"
#include "embergate/observability/log.hpp"
#include "interaction/answer_meter.hpp"
#include "interaction/bundle.hpp"
#include "interaction/client_secret.hpp"
#include "interaction/condition.hpp"
#include "interaction/dry_run.hpp"
#include "interaction/history.hpp"
#include "interaction/read_result.hpp"
#include "interaction/transaction_bundle.hpp"
#include "interaction/undecided_events.hpp"
#include "interaction/write_path.hpp"

namespace embergate::interaction {
namespace {

namespace asio = boost::asio;
namespace log = observability::log;

// Bodies above this are parsed on the pool: a big one must not hold up other clients' small ones.
constexpr std::size_t kInlineParseBytes = 64 * 1024;
// Bundle, list and entry around a resource, which may itself be as deep as one that comes alone.
constexpr std::size_t kDepthOfEntry = 3;

using TransactionBody = std::function<core::Result<void>(store::Transaction&, WriteLog&)>;

Refusal refuse(core::Error error) { return Refusal{std::move(error), {}}; }

}  // namespace

void throw_exception_from_error(const Refusal&, const boost::source_location& location) {
  core::assertion_failed("Answer has a value", location.file_name(), static_cast<int>(location.line()));
}

struct Interactions::Impl : std::enable_shared_from_this<Impl> {
  Impl(Options given, store::Store& a_store, const vault::ConfigInForce& vault, core::FairPool& a_pool,
       core::FairPool& a_dry_run_pool, observability::Metrics& a_metrics)
      : options(std::move(given)),
        store(a_store),
        pool(a_pool),
        dry_runs(a_dry_run_pool),
        metrics(a_metrics),
        criteria_failures(a_metrics, options.faults),
        undecided(
            a_store, criteria_failures,
            [this](store::DestinationSlot slot, std::vector<store::HeldRow> wanted,
                   std::vector<store::HeldRow> unwanted) {
              if (options.on_decided) options.on_decided(slot, std::move(wanted), std::move(unwanted));
            },
            [this](std::string_view topic_url, std::string_view action) {
              criteria_failures.count_late(std::string(topic_url), [&] { count_event(topic_url, action); });
            }),
        write_path(options, vault, a_store),
        unsent(std::make_shared<core::ByteBudget>(options.max_answers_bytes)) {}

  std::shared_ptr<AnswerMeter> meter(const std::string& caller) const {
    return std::make_shared<AnswerMeter>(unsent, caller, options.max_answer_bytes);
  }

  core::Result<fhir::ResourcePtr> parse_now(std::string body, const std::string& type) const {
    EG_TRY(fhir::ResourcePtr resource, fhir::parse_input(std::move(body), write_path.input_limits()));
    if (type == kClientType) return hashed(resource);
    return resource;
  }

  core::Result<std::shared_ptr<const topic::Catalog>> catalog() const {
    std::shared_ptr<const topic::Catalog> loaded;
    EG_CHECK(store.read([&](store::Reader& reader) -> core::Result<void> {
      EG_TRY(loaded, write_path.catalogs().at(reader, store.committed_catalog_epoch()));
      return {};
    }));
    return loaded;
  }

  asio::awaitable<core::Result<fhir::ResourcePtr>> parse(std::string body, std::string type, std::string caller) {
    if (body.size() <= kInlineParseBytes && type != kClientType) co_return parse_now(std::move(body), type);
    auto work = [self = shared_from_this(), text = std::move(body), type]() mutable {
      return self->parse_now(std::move(text), type);
    };
    co_return co_await core::run_blocking(pool, std::move(caller), std::move(work));
  }

  void count_event(std::string_view topic_url, std::string_view action) {
    metrics
        .counter("topic_events_total", "Events that a topic's triggers produced",
                 {{"topic", std::string(topic_url)}, {"action", std::string(action)}})
        ->add();
  }

  void publish(const WriteLog& written) {
    for (const WriteLog::Fired& fired : written.fired) count_event(fired.topic_url, fired.action);
    for (const WriteLog::DroppedQueue& dropped : written.dropped) {
      log::event(log::Level::kWarn, "topic-destination/discarded", "the destination was deleted with its queue",
                 {{"destination", std::string_view(dropped.destination)},
                  {"by", std::string_view(dropped.caller)},
                  {"events", static_cast<std::int64_t>(dropped.events)}});
    }
    const core::SteadyTime now = core::system_clock().steady_now();
    for (const CriteriaFailure& failed : written.failed) criteria_failures.tell(failed, now);
    for (const topic::CriterionCost& cost : written.costs) {
      criteria_failures.tell_turn(cost, cost.watch->note(cost.finding));
    }
  }

  // Runs `body` in a transaction; what it logs is published after the commit only.
  asio::awaitable<core::Result<void>> transact(TransactionBody body, std::string caller) {
    auto written = std::make_shared<WriteLog>();
    auto self = shared_from_this();
    auto start = [self, written, body](const auto& done) {
      self->store.transact(
          [written, body](store::Transaction& tx) {
            *written = WriteLog();
            return body(tx, *written);
          },
          [self, written, done](core::Result<store::CommitReceipt> committed) {
            if (committed) {
              self->publish(*written);
              if (committed->undecided) self->undecided.wake();
              if (self->options.on_committed) self->options.on_committed(*committed);
            }
            done(std::move(committed));
          });
    };
    auto receipt = co_await core::await_callback<core::Result<store::CommitReceipt>>(std::move(start));
    if (!receipt) co_return std::move(receipt).error();
    if (receipt->catalog_changed && options.on_catalog_changed) {
      auto apply = [self]() -> core::Result<void> {
        self->options.on_catalog_changed();
        return {};
      };
      co_await core::run_blocking(pool, std::move(caller), std::move(apply));
    }
    co_return core::Result<void>();
  }

  asio::awaitable<Answer<InteractionResult>> write(std::shared_ptr<const RequestContext> context,
                                                   std::shared_ptr<const WriteRequest> request) {
    auto result = std::make_shared<InteractionResult>();
    auto self = shared_from_this();
    TransactionBody body = [self, context, request, result](store::Transaction& tx,
                                                            WriteLog& written) -> core::Result<void> {
      WriteContext write_context;
      write_context.request = context.get();
      EG_TRY(*result, self->write_path.apply(tx, *request, write_context, written));
      return {};
    };
    auto done = co_await transact(std::move(body), context->caller);
    if (!done) co_return refuse(std::move(done).error());
    co_return std::move(*result);
  }

  // What `read` gives on the pool. Counted where it is loaded: no more bodies are in memory at once than the meters
  // allow and threads read.
  using ReadNow = std::function<Answer<InteractionResult>(store::Reader&, AnswerMeter&)>;
  asio::awaitable<Answer<InteractionResult>> read_on_pool(ReadNow read_now, std::shared_ptr<AnswerMeter> meter) {
    auto answer = std::make_shared<std::optional<Answer<InteractionResult>>>();
    auto work = [self = shared_from_this(), read_now = std::move(read_now), meter, answer]() -> core::Result<void> {
      return self->store.read([&](store::Reader& reader) -> core::Result<void> {
        answer->emplace(read_now(reader, *meter));
        return {};
      });
    };
    auto done = co_await core::run_blocking(pool, meter->caller(), std::move(work));
    if (!done) co_return refuse(std::move(done).error());
    if (**answer) (**answer)->hold = meter->hold();
    co_return **std::move(answer);
  }

  asio::awaitable<Answer<InteractionResult>> read(std::string type, std::string id,
                                                  std::optional<store::VersionId> version, Preconditions preconditions,
                                                  std::shared_ptr<AnswerMeter> meter) {
    ReadNow read_now = [type = std::move(type), id = std::move(id), version, preconditions = std::move(preconditions)](
                           store::Reader& reader, AnswerMeter& counted) {
      return read_resource(reader, {type, id, version}, preconditions, counted);
    };
    co_return co_await read_on_pool(std::move(read_now), std::move(meter));
  }

  // What the head alone says against it. Reads the condition of a conditional create.
  std::optional<Refusal> refusal_of_head(const RequestContext& context, WriteRequest& request) const {
    if (auto ok = WritePath::allowed(request.method, request.type); !ok) return refuse(std::move(ok).error());
    std::string& condition = request.preconditions.if_none_exist;
    if (condition.empty()) return std::nullopt;
    if (auto allowed = context.may("search-type", request.type); !allowed) return refuse(std::move(allowed).error());
    auto search = search_part(condition, request.type, options.base_url);
    if (!search) return refuse(std::move(search).error());
    condition = *std::move(search);
    return std::nullopt;
  }

  std::optional<Refusal> take_resource(WriteRequest& request, fhir::ResourcePtr resource) const {
    request.resource = std::move(resource);
    if (request.method == Method::kPost) {
      const std::string_view id = request.resource->id();
      request.id = id.empty() ? core::time_ordered_uuid() : std::string(id);
    } else if (auto same = WritePath::check_id(*request.resource, request.id); !same) {
      return refuse(std::move(same).error());
    }
    return refusal_of(write_path.validate(*request.resource, request.type, request.id));
  }

  asio::awaitable<Answer<InteractionResult>> write_body(std::shared_ptr<const RequestContext> context,
                                                        std::shared_ptr<WriteRequest> request, std::string body) {
    if (auto refusal = refusal_of_head(*context, *request)) co_return *std::move(refusal);
    auto parsed = co_await parse(std::move(body), request->type, context->caller);
    if (!parsed) co_return refuse(std::move(parsed).error());
    if (auto refusal = take_resource(*request, *std::move(parsed))) co_return *std::move(refusal);
    co_return co_await write(std::move(context), std::move(request));
  }

  asio::awaitable<Answer<InteractionResult>> history(std::string type, std::string id, std::size_t count,
                                                     store::VersionId before, std::shared_ptr<AnswerMeter> meter) {
    ReadNow read_now = [self = shared_from_this(), type = std::move(type), id = std::move(id), count, before](
                           store::Reader& reader, AnswerMeter& counted) {
      return read_history(reader, {type, id, count, before}, self->options, counted);
    };
    co_return co_await read_on_pool(std::move(read_now), std::move(meter));
  }

  asio::awaitable<Answer<InteractionResult>> run_batch_read(BundleEntry entry, std::shared_ptr<AnswerMeter> meter) {
    WriteRequest& asked = entry.write;
    if (entry.read->kind == EntryRead::Kind::kHistory) {
      co_return co_await history(std::move(asked.type), std::move(asked.id), entry.read->count, 0, std::move(meter));
    }
    auto version = entry.read->version_asked();
    co_return co_await read(std::move(asked.type), std::move(asked.id), std::move(version),
                            std::move(asked.preconditions), std::move(meter));
  }

  asio::awaitable<Answer<InteractionResult>> run_batch_entry(std::shared_ptr<const RequestContext> context,
                                                             BundleEntry entry, std::shared_ptr<AnswerMeter> meter) {
    if (entry.read) co_return co_await run_batch_read(std::move(entry), std::move(meter));
    const bool may_read = entry.may_read;
    auto request = std::make_shared<const WriteRequest>(std::move(entry.write));
    auto written = co_await write(context, std::move(request));
    if (written && !may_read) written->body.clear();
    if (written && !context->return_minimal) meter->add_or_leave_out(*written);
    co_return written;
  }

  asio::awaitable<std::vector<EntryAnswer>> run_batch(std::shared_ptr<const RequestContext> context,
                                                      std::shared_ptr<PreparedBundle> bundle,
                                                      std::shared_ptr<AnswerMeter> meter) {
    std::vector<EntryAnswer> answers;
    for (BundleEntry& entry : bundle->entries) {
      EntryAnswer& one = answers.emplace_back();
      if (entry.refusal) {
        one.refusal = std::move(entry.refusal);
        continue;
      }
      auto result = co_await run_batch_entry(context, std::move(entry), meter);
      if (result) {
        if (context->return_minimal) {
          result->drop_body();
          meter->leave_reads_out();
        }
        one.result = *std::move(result);
      } else {
        one.refusal = std::move(result).error();
      }
    }
    co_return answers;
  }

  Options options;
  store::Store& store;
  core::FairPool& pool;
  core::FairPool& dry_runs;
  observability::Metrics& metrics;
  CriteriaFailures criteria_failures;
  UndecidedEvents undecided;
  WritePath write_path;
  std::shared_ptr<core::ByteBudget> unsent;  // of all answers
};

Interactions::Interactions(Options options, store::Store& store, const vault::ConfigInForce& vault,
                           core::FairPool& pool, core::FairPool& dry_runs, observability::Metrics& metrics)
    : impl_(std::make_shared<Impl>(std::move(options), store, vault, pool, dry_runs, metrics)) {
  impl_->undecided.start();
}

Interactions::~Interactions() { impl_->undecided.stop(); }

// These two are no coroutines themselves: every write goes through them, and a frame above a kilobyte is more than
// Asio and the allocator keep for the next one.
asio::awaitable<Answer<InteractionResult>> Interactions::create(RequestContext context, std::string type,
                                                                std::string body, Preconditions preconditions) {
  return impl_->write_body(std::make_shared<const RequestContext>(std::move(context)),
                           std::make_shared<WriteRequest>(
                               WriteRequest{Method::kPost, std::move(type), {}, nullptr, std::move(preconditions)}),
                           std::move(body));
}

asio::awaitable<Answer<InteractionResult>> Interactions::update(RequestContext context, std::string type,
                                                                std::string id, std::string body,
                                                                Preconditions preconditions) {
  return impl_->write_body(std::make_shared<const RequestContext>(std::move(context)),
                           std::make_shared<WriteRequest>(WriteRequest{Method::kPut, std::move(type), std::move(id),
                                                                       nullptr, std::move(preconditions)}),
                           std::move(body));
}

asio::awaitable<Answer<InteractionResult>> Interactions::remove(RequestContext context, std::string type,
                                                                std::string id, Preconditions preconditions) {
  const bool may_read = context.may("read", type).has_value();
  auto request = std::make_shared<const WriteRequest>(
      WriteRequest{Method::kDelete, std::move(type), std::move(id), nullptr, std::move(preconditions)});
  auto removed = co_await impl_->write(std::make_shared<const RequestContext>(std::move(context)), std::move(request));
  if (removed && !may_read) removed->body.clear();
  co_return removed;
}

asio::awaitable<Answer<InteractionResult>> Interactions::read(std::string type, std::string id,
                                                              Preconditions preconditions, std::string caller) {
  std::shared_ptr<AnswerMeter> meter = impl_->meter(caller);
  std::optional<store::VersionId> newest;
  co_return co_await impl_->read(std::move(type), std::move(id), std::move(newest), std::move(preconditions),
                                 std::move(meter));
}

asio::awaitable<Answer<InteractionResult>> Interactions::vread(std::string type, std::string id,
                                                               store::VersionId version, Preconditions preconditions,
                                                               std::string caller) {
  std::shared_ptr<AnswerMeter> meter = impl_->meter(caller);
  std::optional<store::VersionId> which = version;
  co_return co_await impl_->read(std::move(type), std::move(id), std::move(which), std::move(preconditions),
                                 std::move(meter));
}

asio::awaitable<Answer<InteractionResult>> Interactions::history(std::string type, std::string id, std::size_t count,
                                                                 store::VersionId before, std::string caller) {
  std::shared_ptr<AnswerMeter> meter = impl_->meter(caller);
  co_return co_await impl_->history(std::move(type), std::move(id), count, before, std::move(meter));
}

asio::awaitable<Answer<InteractionResult>> Interactions::bundle(RequestContext given, std::string body) {
  auto context = std::make_shared<const RequestContext>(std::move(given));
  auto bundle = std::make_shared<PreparedBundle>();
  auto refused = std::make_shared<std::optional<Refusal>>();
  auto prepare = [impl = impl_, text = std::move(body), context, bundle, refused]() mutable -> core::Result<void> {
    fhir::ParseLimits limits = impl->options.parse_limits;
    limits.max_depth += kDepthOfEntry;
    EG_TRY(const fhir::ResourcePtr tree, fhir::Resource::parse(std::move(text), limits));
    auto prepared = prepare_bundle(*tree, impl->write_path, impl->options, *context);
    if (prepared) {
      *bundle = *std::move(prepared);
    } else {
      refused->emplace(std::move(prepared).error());
    }
    return {};
  };
  auto parsed = co_await core::run_blocking(impl_->pool, context->caller, std::move(prepare));
  if (!parsed) co_return refuse(std::move(parsed).error());
  if (*refused) co_return **std::move(refused);

  auto answers = std::make_shared<std::vector<EntryAnswer>>();
  auto answer = std::make_shared<TransactionAnswer>(
      TransactionAnswer{impl_->meter(context->caller), context->return_minimal, {}});
  if (bundle->is_transaction) {
    TransactionBody run = [impl = impl_, context, bundle, answers, answer](store::Transaction& tx,
                                                                           WriteLog& written) -> core::Result<void> {
      answers->clear();
      answer->refusal.reset();
      answer->meter = impl->meter(context->caller);
      EG_TRY(*answers, run_transaction(tx, *bundle, impl->write_path, impl->options, *context, written, *answer));
      return {};
    };
    auto done = co_await impl_->transact(std::move(run), context->caller);
    if (!done && answer->refusal) co_return *std::move(answer->refusal);
    if (!done) co_return refuse(std::move(done).error());
  } else {
    *answers = co_await impl_->run_batch(context, bundle, answer->meter);
  }
  auto result = std::make_shared<InteractionResult>();
  auto render = [impl = impl_, bundle, answers, result]() -> core::Result<void> {
    render_bundle_answer(std::move(*answers), impl->options, bundle->is_transaction).move_into(*result);
    return {};
  };
  auto rendered = co_await core::run_blocking(impl_->pool, context->caller, std::move(render));
  if (!rendered) co_return refuse(std::move(rendered).error());
  result->hold = answer->meter->hold();
  co_return std::move(*result);
}

asio::awaitable<Answer<InteractionResult>> Interactions::dry_run(RequestContext given, std::string body) {
  auto context = std::make_shared<const RequestContext>(std::move(given));
  auto answer = std::make_shared<Answer<std::string>>();
  auto work = [impl = impl_, text = std::move(body), context, answer]() mutable -> core::Result<void> {
    EG_TRY(const auto known, impl->catalog());
    *answer = interaction::dry_run(std::move(text), impl->options, *known, *context);
    return {};
  };
  auto done = co_await core::run_blocking(impl_->dry_runs, context->caller, std::move(work));
  if (!done) co_return refuse(std::move(done).error());
  if (!*answer) co_return std::move(*answer).error();
  InteractionResult result;
  result.body = **std::move(answer);
  co_return result;
}

asio::awaitable<core::Result<std::vector<SecretUse>>> Interactions::secret_uses(std::string caller) {
  auto work = [impl = impl_]() -> core::Result<std::vector<SecretUse>> {
    std::vector<SecretUse> uses;
    EG_CHECK(impl->store.read([&](store::Reader& reader) -> core::Result<void> {
      EG_TRY(uses, interaction::secret_uses(reader));
      return {};
    }));
    return uses;
  };
  co_return co_await core::run_blocking(impl_->pool, std::move(caller), std::move(work));
}

core::Result<std::shared_ptr<const topic::Catalog>> Interactions::catalog() {
  EG_TRY(auto catalog, impl_->catalog());
  impl_->criteria_failures.know(*catalog);
  return catalog;
}

}  // namespace embergate::interaction
