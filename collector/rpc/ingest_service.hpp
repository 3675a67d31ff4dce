#pragma once

#include "collector/ingest/ingest_hub.hpp"
#include "collector/rpc/fleet_hub.hpp"
#include "collector/rpc/sensor_desk.hpp"
#include "collector/rpc/ticker.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace grpc {
class Service;
}

namespace apiary::collector {

/// The service Ingest: one stream a sensor, who is whom its certificate says. Batches go to the hub, which answers when
/// they are committed; while its queue is full nothing more is read, so that the sensor waits. A newer stream of a
/// sensor ends the older one. A stream ends when the certificate expires or the sensor is revoked.
class IngestService {
public:
    /// All parts must outlive the server that the service is registered with.
    IngestService(IngestHub& ingest, FleetHub& fleet, Ticker& ticker, std::function<Ticker::Time()> clock);
    IngestService(const IngestService&) = delete;
    IngestService& operator=(const IngestService&) = delete;
    ~IngestService();

    /// Where the streams tell of sensors; set it before the server starts.
    void setDesk(SensorDesk& desk);

    /// Ends the stream of a sensor, if it has one.
    void shutOut(std::int32_t sensor);

    /// Lets every stream end by the ticker's next tick but one, once it has said what is committed; the sensors connect
    /// again. For when the hub has stopped.
    void close();

    grpc::Service& service();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace apiary::collector
