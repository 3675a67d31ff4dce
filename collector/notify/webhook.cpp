#include "collector/notify/webhook.hpp"

#include "common/text/escape.hpp"

#include <array>
#include <cstddef>
#include <curl/curl.h>
#include <memory>
#include <mutex>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::size_t kKeptAnswer = 300;

struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(CURLU* handle) const { curl_url_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    void operator()(char* text) const { curl_free(text); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

/// A part of an address; empty if it has none.
std::string partOf(CURLU* address, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(address, part, &text, 0) != CURLUE_OK) {
        return "";
    }
    const Owned<char> owned(text);
    return text;
}

Owned<CURLU> parse(const std::string& url) {
    Owned<CURLU> address(curl_url());
    if (curl_url_set(address.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
        address.reset();
    }
    return address;
}

bool isThisMachine(const std::string& host) {
    return host == "localhost" || host == "[::1]" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

std::size_t keepAnswer(const char* bytes, std::size_t, std::size_t length, void* into) {
    auto& answer = *static_cast<std::string*>(into);
    answer.append(bytes, std::min(length, kKeptAnswer - answer.size()));
    return length;
}

int lookForStop(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::atomic<bool>*>(stopping)->load() ? 1 : 0;
}

}  // namespace

Status Webhook::check(const std::string& url) {
    const auto address = parse(url);
    const std::string scheme = address ? partOf(address.get(), CURLUPART_SCHEME) : "";
    const std::string host = address ? partOf(address.get(), CURLUPART_HOST) : "";
    if (host.empty() || (scheme != "https" && scheme != "http")) {
        return Error{"must be an address like https://host/path"};
    }
    if (scheme == "http" && !isThisMachine(host)) {
        return Error{"must begin with https:// unless it is on this machine (127.0.0.1)"};
    }
    return Done{};
}

Webhook::Webhook(std::string url, std::chrono::milliseconds deadline)
    : url_(std::move(url)), host_(partOf(parse(url_).get(), CURLUPART_HOST)), deadline_(deadline) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

Webhook::~Webhook() = default;

Delivery Webhook::carry(const std::string& json, const std::atomic<bool>& stopping) {
    const auto later = [&](const std::string& problem) {
        return Delivery{Delivery::End::Later, "the webhook at " + host_ + ": " + problem};
    };
    const Owned<CURL> handle(curl_easy_init());
    const Owned<curl_slist> headers(curl_slist_append(nullptr, "Content-Type: application/json"));
    if (!handle || !headers) {
        return later("no memory");
    }
    CURL* curl = handle.get();
    std::string answer;
    std::array<char, CURL_ERROR_SIZE> problem{};
    curl_easy_setopt(curl, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(deadline_.count()));
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "apiary-collector");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(json.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keepAnswer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem.data());
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, lookForStop);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &stopping);
    if (const CURLcode code = curl_easy_perform(curl); code != CURLE_OK) {
        return later(problem[0] != '\0' ? problem.data() : curl_easy_strerror(code));
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300) {
        return {};
    }
    auto failure =
        later("it answered " + std::to_string(status) + (answer.empty() ? "" : ": " + escapeCut(answer, kKeptAnswer)));
    if (status == 400 || status == 413 || status == 422) {
        failure.end = Delivery::End::Refused;
    }
    return failure;
}

}  // namespace apiary::collector
