#include "collector/ingest/row_builder.hpp"

#include "collector/ingest/record_values.hpp"
#include "collector/ingest/text_values.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace apiary::collector {
namespace {

using What = v1::Record::WhatCase;

constexpr std::size_t kSyn = 1024;
constexpr std::size_t kReason = 512;
constexpr std::uint64_t kMost = std::numeric_limits<std::int32_t>::max();

constexpr std::array<std::string_view, 6> kGaps{"payload", "session", "probe", "spool", "restore", "journal"};
constexpr std::array<std::string_view, 5> kProbes{"syn", "udp", "icmp", "closed", "refused"};

bool oneOf(std::span<const std::string_view> words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

bool isLoopback(const Endpoint& endpoint) {
    constexpr std::array<std::uint8_t, 16> kV6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    const auto v4 = endpoint.v4();
    return v4 ? (*v4)[0] == 127 : endpoint.address == kV6;
}

QuarantineRow asideRow(const BatchPart& part, const v1::Entry& entry, std::string reason) {
    return {.stream = part.stream,
            .lane = part.lane(),
            .seq = static_cast<std::int64_t>(entry.seq()),
            .sensorId = part.sensorId,
            .sqlstate = {},
            .reason = std::move(reason),
            .record = entry.record()};
}

/// Puts the record aside, and with it its session if that is what it closes.
void setAside(const v1::Record& record, QuarantineRow row, IngestRows& rows) {
    const auto session = Uuid::ofBytes(record.session_id());
    if (record.what_case() == What::kClosed && session) {
        rows.abandoned.push_back({.session = *session, .sensorId = row.sensorId});
    }
    rows.quarantine.push_back(std::move(row));
}

}  // namespace

void RowBuilder::add(const BatchPart& given) {
    const BatchPart& part = parts_.emplace_back(given);
    for (int i = part.from; i < part.to; ++i) {
        const v1::Entry& entry = part.batch->entries(i);
        Parsed& parsed =
            parsed_.emplace_back(Parsed{.part = &part, .entry = &entry, .record = {}, .session = {}, .flaw = {}});
        if (!parsed.record.ParseFromString(entry.record())) {
            parsed.flaw = "not a record";
            continue;
        }
        if (const auto id = Uuid::ofBytes(parsed.record.session_id())) {
            parsed.session = *id;
        }
        parsed.flaw = flawOf(parsed);
        if (!parsed.flaw.empty() || parsed.record.session_id().empty()) {
            continue;
        }
        if (parsed.record.what_case() == What::kOpened) {
            announced_.insert(parsed.session);
        } else if (parsed.record.what_case() == What::kClosed && announced_.contains(parsed.session)) {
            whole_.insert(parsed.session);
        }
        if (!announced_.contains(parsed.session) && !open_.contains(parsed.session)) {
            unknown_.insert(parsed.session);
        }
    }
}

/// What can be said of a record without knowing any other.
std::string RowBuilder::flawOf(const Parsed& parsed) const {
    const v1::Record& record = parsed.record;
    const bool isGap = record.what_case() == What::kGap;
    if (!isGap && parsed.entry->seq() != parsed.entry->seq_end()) {
        return "stands for more than one number";
    }
    if (isGap || record.what_case() == What::kProbe || record.what_case() == What::kManifest) {
        return {};
    }
    if (record.what_case() == What::WHAT_NOT_SET) {
        return "of a kind that this collector does not know";
    }
    if (record.session_id().size() != 16) {
        return "without a session";
    }
    if (record.seq() > kMost) {
        return "number in the session out of range";
    }
    const Moment start = startOf(parsed.session);
    const Moment at = momentOf(record.at_us());
    if (start < window_.keptFrom) {
        return "of a day that retention has dropped";
    }
    if (start < window_.from || start >= window_.to || at < window_.from || at >= window_.to) {
        return "time outside the window";
    }
    return {};
}

std::vector<Uuid> RowBuilder::doubtful() const {
    std::vector<Uuid> sessions;
    std::ranges::copy_if(announced_, std::back_inserter(sessions),
                         [&](const Uuid& session) { return !whole_.contains(session); });
    std::ranges::copy_if(unknown_, std::back_inserter(sessions),
                         [&](const Uuid& session) { return !open_.contains(session); });
    return sessions;
}

void RowBuilder::limitOpen(std::int64_t most, OpenCounts present) {
    mostOpen_ = most;
    rows_.openNow = std::move(present);
}

const SessionOwner* RowBuilder::ownerOf(const Uuid& session) const {
    const auto here = within_.find(session);
    if (here != within_.end()) {
        return here->second.closed ? nullptr : &here->second.owner;
    }
    const auto found = open_.find(session);
    return found == open_.end() ? nullptr : &found->second;
}

IngestRows RowBuilder::build() {
    for (Parsed& parsed : parsed_) {
        std::string reason = parsed.flaw.empty() ? take(parsed) : std::move(parsed.flaw);
        if (!reason.empty()) {
            setAside(parsed.record, asideRow(*parsed.part, *parsed.entry, std::move(reason)), rows_);
        }
    }
    std::vector<OpenRow> stillOpen;
    for (std::size_t i = 0; i < rows_.opened.size(); ++i) {
        if (!openedGone_[i]) {
            stillOpen.push_back(std::move(rows_.opened[i]));
        }
    }
    rows_.opened = std::move(stillOpen);

    std::map<std::pair<Uuid, std::int16_t>, LedgerStep> steps;
    for (const BatchPart& part : parts_) {
        const auto [step, isNew] = steps.try_emplace(
            {part.stream, part.lane()},
            LedgerStep{.stream = part.stream, .lane = part.lane(), .first = part.first, .last = part.last()});
        step->second.last = part.last();
    }
    for (const auto& [lane, step] : steps) {
        rows_.ledger.push_back(step);
    }
    return std::move(rows_);
}

IngestRows RowBuilder::putAside(const BatchPart& part, const Unfit& why) {
    IngestRows rows;
    rows.ledger.push_back({.stream = part.stream, .lane = part.lane(), .first = part.first, .last = part.last()});
    for (int i = part.from; i < part.to; ++i) {
        const v1::Entry& entry = part.batch->entries(i);
        QuarantineRow row = asideRow(part, entry, plainText(why.message, kReason));
        row.sqlstate = why.sqlstate;
        v1::Record record;
        if (!record.ParseFromString(entry.record())) {
            record.Clear();
        }
        setAside(record, std::move(row), rows);
    }
    return rows;
}

/// Turns the record into rows, or says why it cannot; then nothing has been added.
std::string RowBuilder::take(Parsed& parsed) {
    switch (parsed.record.what_case()) {
        case What::kOpened:
            return takeOpening(parsed);
        case What::kClosed:
            return takeClosing(parsed);
        case What::kProbe:
            return takeProbe(parsed);
        case What::kGap:
            return takeGap(parsed);
        case What::kManifest:
            return takeManifest(parsed);
        default:
            return takeInSession(parsed);
    }
}

std::string RowBuilder::fillHead(const v1::SessionHead& head, const Parsed& parsed, OpenRow& row) const {
    const auto source = endpointOf(head.source());
    const auto target = endpointOf(head.target());
    if (head.session_id() != parsed.record.session_id()) {
        return "head of another session";
    }
    if (!source || !target) {
        return "an address that is none";
    }
    if (head.transport() != v1::TRANSPORT_TCP && head.transport() != v1::TRANSPORT_UDP) {
        return "unknown transport";
    }
    if (!isProtocolName(head.protocol())) {
        return "not a name of a protocol";
    }
    row = OpenRow{.session = parsed.session,
                  .startedAt = startOf(parsed.session),
                  .sensorId = parsed.part->sensorId,
                  .source = *source,
                  .target = *target,
                  .transport = head.transport() == v1::TRANSPORT_TCP ? "tcp" : "udp",
                  .service = plainText(head.service(), kName),
                  .protocol = head.protocol(),
                  .persona = plainText(head.persona(), kName),
                  .scope = scopeOf(*source),
                  .syn = head.syn().substr(0, kSyn)};
    // Believed of nobody from elsewhere, or a sensor in bad hands could hide attacks.
    row.visit = head.self_test() && (isLoopback(*source) || source->address == target->address);
    return {};
}

std::string RowBuilder::takeOpening(Parsed& parsed) {
    if (ownerOf(parsed.session) != nullptr || within_.contains(parsed.session)) {
        return "the session is open already";
    }
    if (ended_.contains(parsed.session)) {
        return "the session has ended already";
    }
    OpenRow row;
    if (std::string flaw = fillHead(parsed.record.opened(), parsed, row); !flaw.empty()) {
        return flaw;
    }
    std::int64_t& openNow = rows_.openNow[row.sensorId];
    if (openNow >= mostOpen_) {
        return "more than " + std::to_string(mostOpen_) + " sessions of this sensor are open";
    }
    ++openNow;
    Within& within = within_[parsed.session];
    within.owner = {.sensorId = row.sensorId, .source = row.source, .protocol = row.protocol};
    within.openedAt = rows_.opened.size();
    within.openedHere = true;
    rows_.opened.push_back(std::move(row));
    openedGone_.push_back(false);
    return {};
}

std::string RowBuilder::takeClosing(Parsed& parsed) {
    const v1::SessionClosed& closed = parsed.record.closed();
    const SessionOwner* owner = ownerOf(parsed.session);
    if (owner != nullptr && owner->sensorId != parsed.part->sensorId) {
        return "session of another sensor";
    }
    ClosedRow row;
    if (std::string flaw = fillHead(closed.head(), parsed, row.head); !flaw.empty()) {
        return flaw;
    }
    const std::string_view outcome = outcomeText(closed.outcome());
    row.endedAt = momentOf(closed.ended_at_us());
    if (outcome.empty()) {
        return "unknown outcome";
    }
    if (row.endedAt < row.head.startedAt || row.endedAt >= window_.to) {
        return "ended before it began, or in the future";
    }
    if (std::max({closed.packets(), closed.events(), closed.credentials(), closed.commands(), closed.artifacts()}) >
            kMost ||
        std::max(closed.bytes_in(), closed.bytes_out()) > kMostCounted) {
        return "a count out of range";
    }
    const auto here = within_.find(parsed.session);
    if ((here != within_.end() && here->second.closed) || (owner == nullptr && ended_.contains(parsed.session))) {
        return "the session has ended already";
    }
    if (owner != nullptr) {
        --rows_.openNow[owner->sensorId];
    }
    Within& within = within_[parsed.session];
    within.closed = true;
    if (within.openedHere) {
        openedGone_[within.openedAt] = true;
    } else {
        rows_.openBefore.push_back(parsed.session);
    }
    row.outcome = outcome;
    if (!closed.identified().empty() && closed.identified() != row.head.protocol) {
        row.detected = plainText(closed.identified(), kName);
    }
    row.bytesIn = static_cast<std::int64_t>(closed.bytes_in());
    row.bytesOut = static_cast<std::int64_t>(closed.bytes_out());
    row.packets = static_cast<std::int32_t>(closed.packets());
    row.events = static_cast<std::int32_t>(closed.events());
    row.credentials = static_cast<std::int32_t>(closed.credentials());
    row.commands = static_cast<std::int32_t>(closed.commands());
    row.artifacts = static_cast<std::int32_t>(closed.artifacts());
    row.loginAccepted = closed.login_accepted();
    row.clockOffsetMs = parsed.part->clockOffsetMs;
    row.journalPath = plainText(closed.journal_path(), 1024);
    row.journalDigest = digestOf(closed.journal_sha256());
    if (row.commands > 0 && within.normalized.size() == static_cast<std::size_t>(row.commands)) {
        Sha256 digest;
        for (std::size_t i = 0; i < within.normalized.size(); ++i) {
            digest.update(i == 0 ? "" : "\n");
            digest.update(within.normalized[i]);
        }
        row.commandDigest = digest.finish();
    }
    rows_.closed.push_back(std::move(row));
    return {};
}

std::string RowBuilder::takeProbe(Parsed& parsed) {
    const v1::Probe& probe = parsed.record.probe();
    const auto id = Uuid::ofBytes(probe.probe_id());
    const auto source = endpointOf(probe.source());
    const auto target = endpointOf(probe.target());
    if (!id || !source || !target) {
        return "a probe without an id or an address";
    }
    const Moment start = startOf(*id);
    const Moment end = momentOf(probe.ended_at_us());
    if (start < window_.keptFrom) {
        return "of a day that retention has dropped";
    }
    if (start < window_.from || start >= window_.to || end < start || end >= window_.to) {
        return "time outside the window";
    }
    if (!oneOf(kProbes, probe.kind()) || probe.packets() > kMostCounted) {
        return "a kind or a count out of range";
    }
    // Who captured it says the tool first, where refusals have their reason.
    constexpr std::string_view kTool = "tool=";
    std::string_view reason = probe.reason();
    std::string_view tool;
    if (probe.kind() != "refused" && reason.starts_with(kTool)) {
        tool = reason.substr(kTool.size(), reason.find(' ') - kTool.size());
        reason.remove_prefix(std::min(kTool.size() + tool.size() + 1, reason.size()));
    }
    rows_.probes.push_back({.probe = *id,
                            .startedAt = start,
                            .endedAt = end,
                            .sensorId = parsed.part->sensorId,
                            .source = *source,
                            .target = *target,
                            .scope = scopeOf(*source),
                            .kind = probe.kind(),
                            .service = plainText(probe.service(), kName),
                            .packets = static_cast<std::int64_t>(probe.packets()),
                            .reason = plainText(reason, 256),
                            .tool = plainText(tool, kName)});
    return {};
}

std::string RowBuilder::takeGap(Parsed& parsed) {
    const v1::Gap& gap = parsed.record.gap();
    std::optional<LostNumbers> lost;
    if (!oneOf(kGaps, gap.what()) || std::max(gap.records(), gap.bytes()) > kMostCounted ||
        !takeLostNumbers(gap, lost)) {
        return "a gap of an unknown kind, or out of range";
    }
    rows_.gaps.push_back(
        {.stream = parsed.part->stream,
         .lane = parsed.part->lane(),
         .firstSeq = std::max(static_cast<std::int64_t>(parsed.entry->seq()),
                              parsed.entry == &parsed.part->batch->entries(parsed.part->from) ? parsed.part->first : 0),
         .lastSeq = static_cast<std::int64_t>(parsed.entry->seq_end()),
         .sensorId = parsed.part->sensorId,
         .what = gap.what(),
         .records = static_cast<std::int64_t>(gap.records()),
         .bytes = static_cast<std::int64_t>(gap.bytes()),
         .from = momentOf(gap.from_us()),
         .to = momentOf(gap.to_us()),
         .reason = plainText(gap.reason(), 256),
         .lost = lost});
    return {};
}

}  // namespace apiary::collector
