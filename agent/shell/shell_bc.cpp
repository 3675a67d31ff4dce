/// bc: statements are checked as they are read, then run from their tokens. Its library (-l) is a program of its own.

#include "agent/shell/shell_bc.hpp"

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostText = std::size_t{32} << 10U;  // bytes of a program
constexpr std::size_t kMostNames = 200;                    // variables, elements and functions
constexpr std::size_t kLine = 68;                          // digits of a line that is printed

// Each counts with ten digits more and cuts them off: e, l and a by the series of a smaller argument, of which there
// are h (by squares, roots, half angles), s and c by that of what is left of whole turns.
constexpr std::string_view kLibrary =
    "scale=20\n"
    "define e(x){auto b,k,h,n,t,y;b=ibase;ibase=A;k=scale;scale=k+10;if(x<0){y=1/e(-x);scale=k;ibase=b;return(y/1)};"
    "scale+=x/2;while(x>1){x/=2;h+=1};y=t=1;for(n=1;t!=0;n+=1){t=t*x/n;y+=t};while(h>0){y*=y;h-=1};"
    "scale=k;ibase=b;return(y/1)}\n"
    "define l(x){auto b,k,h,n,t,q,y;b=ibase;ibase=A;k=scale;if(x<=0){y=(1-10^k)/1;ibase=b;return(y)};scale=k+20;h=2;"
    "while(x>1.5||x<.6){x=sqrt(x);h*=2};t=(x-1)/(x+1);q=t*t;for(n=1;t!=0;n+=2){y+=t/n;t*=q};y*=h;"
    "scale=k;ibase=b;return(y/1)}\n"
    "define a(x){auto b,k,h,n,t,q,y;b=ibase;ibase=A;k=scale;scale=k+10;h=1;"
    "while(x>.2||x<-.2){x/=1+sqrt(1+x*x);h*=2};y=t=x;q=-x*x;for(n=3;t!=0;n+=2){t*=q;y+=t/n};y*=h;"
    "scale=k;ibase=b;return(y/1)}\n"
    "define s(x){auto b,k,n,t,q,y;b=ibase;ibase=A;k=scale;scale=k+10+length(x);q=8*a(1);t=scale;scale=0;n=x/q;scale=t;"
    "x-=n*q;y=t=x;q=-x*x;for(n=2;t!=0;n+=2){t=t*q/(n*(n+1));y+=t};scale=k;ibase=b;return(y/1)}\n"
    "define c(x){auto b,k,y;b=ibase;ibase=A;k=scale;scale=k+10;y=s(x+2*a(1));scale=k;ibase=b;return(y/1)}\n";

}  // namespace

bool Bc::run(std::string_view text, bool exits) {
    pending_ += text;
    if (pending_.size() > kMostText) {
        call_.work().stop();
    }
    const std::size_t whole = pending_.rfind("\\\n");
    if (whole != std::string::npos && whole + 2 == pending_.size()) {
        return !call_.work().stopped();
    }
    auto tokens = std::make_shared<Tokens>();
    error_.clear();
    if (!scan(pending_, *tokens)) {
        if (error_.empty()) {
            return !call_.work().stopped();  // it goes on
        }
    } else {
        const std::shared_ptr<const Tokens> outer = std::exchange(tokens_, tokens);
        at_ = 0;
        while (error_.empty() && flow_ == Flow::On && !call_.work().stopped()) {
            while (peek() == "\n" || peek() == ";") {
                ++at_;
            }
            if (token().kind == Token::Kind::End) {
                break;
            }
            topLevel();
        }
        tokens_ = outer;
    }
    pending_.clear();
    if (!error_.empty()) {
        call_.fail(error_);
    }
    return (error_.empty() || !exits) && flow_ != Flow::Quit && !call_.work().stopped();
}

bool Bc::take(std::string_view sign) {
    if (stopped() || peek() != sign || token().kind == Token::Kind::String) {
        return false;
    }
    ++at_;
    return true;
}

void Bc::expect(std::string_view sign) {
    if (!take(sign)) {
        fail("bad expression at '" + (peek() == "\n" ? std::string() : std::string(peek())) + "'");
    }
}

void Bc::fail(std::string message) {
    if (error_.empty()) {
        error_ = std::move(message);
    }
}

/// Read without effect first, which finds what is wrong with it.
void Bc::topLevel() {
    if (token().kind == Token::Kind::Name && peek() == "define") {
        define();
        return;
    }
    const std::size_t begin = at_;
    live_ = false;
    statement();
    if (!stopped() && peek() != "\n" && peek() != ";" && token().kind != Token::Kind::End && !endsBlock()) {
        fail((at_ > 0 && endsBlockAt(at_ - 1) ? "bad statement terminator at '" : "bad expression at '") +
             std::string(peek()) + "'");
    }
    live_ = true;
    if (!stopped()) {
        at_ = begin;
        statement();
        flow_ = flow_ == Flow::Quit ? flow_ : Flow::On;
    }
}

bool Bc::endsBlock() const {
    return at_ > 0 && endsBlockAt(at_ - 1);
}

bool Bc::endsBlockAt(std::size_t at) const {
    return tokenAt(at).kind == Token::Kind::Sign && tokenAt(at).text == "}";
}

void Bc::define() {
    ++at_;
    Function function;
    const std::string name(peek());
    ++at_;
    expect("(");
    while (!stopped() && peek() != ")") {
        function.parameters.emplace_back(peek());
        ++at_;
        if (!take(",")) {
            break;
        }
    }
    expect(")");
    while (take("\n")) {
    }
    function.tokens = tokens_;
    function.begin = at_;
    live_ = false;
    statement();
    live_ = true;
    if (!stopped() && peek() != "\n" && peek() != ";" && token().kind != Token::Kind::End) {
        fail("bad statement terminator at '" + sourceFrom(at_) + "'");
    }
    if (!stopped() && functions_.size() < kMostNames) {
        functions_[name] = std::move(function);
    }
}

std::string Bc::sourceFrom(std::size_t at) const {
    std::string text;
    for (; at < tokens_->size() && (*tokens_)[at].text != "\n"; ++at) {
        text += (*tokens_)[at].text;
    }
    return text;
}

void Bc::block() {
    while (!stopped() && !take("}")) {
        if (take("\n") || take(";")) {
            continue;
        }
        if (token().kind == Token::Kind::End) {
            fail("bad expression at ''");
            return;
        }
        if (flow_ != Flow::On) {  // to the end, without effect
            const bool live = std::exchange(live_, false);
            statement();
            live_ = live;
        } else {
            statement();
        }
    }
}

/// Reads a statement that is not to run.
void Bc::skip() {
    const bool live = std::exchange(live_, false);
    while (take("\n")) {
    }
    statement();
    live_ = live;
}

void Bc::run() {
    while (take("\n")) {
    }
    statement();
}

void Bc::statement() {
    const Deeper deeper(*this);
    if (stopped() || !call_.work().move(16)) {
        return;
    }
    if (take("{")) {
        block();
        return;
    }
    if (token().kind == Token::Kind::String) {
        if (live_) {
            call_.out(token().text);
        }
        ++at_;
        return;
    }
    const std::string word(token().kind == Token::Kind::Name ? peek() : std::string_view{});
    if (word == "if") {
        ifStatement();
    } else if (word == "while" || word == "for") {
        loop(word == "for");
    } else if (word == "break" || word == "continue" || word == "quit" || word == "halt") {
        ++at_;
        if (live_ || word == "quit") {
            flow_ = word == "break" ? Flow::Break : word == "continue" ? Flow::Continue : Flow::Quit;
        }
    } else if (word == "return") {
        ++at_;
        ShellDecimal value;
        if (peek() != "\n" && peek() != ";" && peek() != "}") {
            value = expression();
        }
        if (live_) {
            result_ = value;
            flow_ = Flow::Return;
        }
    } else if (word == "auto") {
        automatic();
    } else if (word == "print") {
        print();
    } else {
        assigned_ = false;
        if (token().kind == Token::Kind::Sign && peek() != "(" && peek() != "-" && peek() != "!" && peek() != "++" &&
            peek() != "--" && peek() != ".") {
            fail("bad token at '" + std::string(peek()) + "'");
            return;
        }
        const ShellDecimal value = expression();
        if (live_ && !stopped() && !assigned_) {
            last_ = value;
            printNumber(value);
            call_.out("\n");
        }
    }
}

void Bc::ifStatement() {
    ++at_;
    expect("(");
    const bool holds = !expression().zero();
    expect(")");
    holds || !live_ ? run() : skip();
    std::size_t at = at_;
    while (tokenAt(at).text == ";" || tokenAt(at).text == "\n") {
        ++at;
    }
    if (!stopped() && tokenAt(at).kind == Token::Kind::Name && tokenAt(at).text == "else") {
        at_ = at + 1;
        holds&& live_ ? skip() : run();
    }
}

void Bc::loop(bool counts) {
    ++at_;
    expect("(");
    if (counts) {
        if (peek() != ";") {
            expression();
        }
        expect(";");
    }
    const std::size_t condition = at_;
    for (bool more = true; more && !stopped() && call_.work().move(16);) {
        at_ = condition;
        const bool holds = (counts && peek() == ";") || !expression().zero();
        std::size_t step = 0;
        if (counts) {
            expect(";");
            step = at_;
            if (peek() != ")") {
                const bool live = std::exchange(live_, false);
                expression();
                live_ = live;
            }
        }
        expect(")");
        more = live_ && holds;
        more || !live_ ? run() : skip();
        const std::size_t end = at_;
        more = more && flow_ != Flow::Break && flow_ != Flow::Return && flow_ != Flow::Quit;
        flow_ = flow_ == Flow::Break || flow_ == Flow::Continue ? Flow::On : flow_;
        if (more && counts && tokenAt(step).text != ")") {
            at_ = step;
            expression();
        }
        at_ = end;
    }
}

void Bc::automatic() {
    do {
        ++at_;
        const std::string name(peek());
        ++at_;
        const bool array = take("[");
        if (array) {
            expect("]");
        }
        if (live_ && !saved_.empty() && !array) {
            saved_.back().emplace_back(name, variables_[name]);
            variables_[name] = ShellDecimal();
        }
    } while (!stopped() && peek() == ",");
}

void Bc::print() {
    do {
        ++at_;
        if (token().kind == Token::Kind::String) {
            std::string text;
            const std::string& said = token().text;
            for (std::size_t i = 0; i < said.size(); ++i) {
                const std::size_t known = said[i] == '\\' && i + 1 < said.size()
                                              ? std::string_view("abfnqrt\\").find(said[i + 1])
                                              : std::string_view::npos;
                if (known == std::string_view::npos) {
                    text += said[i];
                } else {
                    text += "\a\b\f\n\"\r\t\\"[known];
                    ++i;
                }
            }
            if (live_) {
                call_.out(text);
            }
            ++at_;
        } else {
            const ShellDecimal value = expression();
            if (live_ && !stopped()) {
                last_ = value;
                printNumber(value);
            }
        }
    } while (!stopped() && peek() == ",");
}

void Bc::printNumber(const ShellDecimal& value) {
    if (!pay(value.size() * value.size() / 8)) {
        return;
    }
    std::string text = value.text(output_);
    for (std::size_t at = kLine; at < text.size(); at += kLine + 2) {
        text.insert(at, "\\\n");
    }
    call_.out(text);
}

int runBc(ShellCall& call) {
    if (!call.parse("sqlwi")) {
        return 1;
    }
    Bc bc(call);
    if (call.has('l')) {
        bc.run(kLibrary, true);
    }
    std::vector<std::string> paths = call.operands();
    paths.emplace_back("-");
    for (const std::string& path : paths) {
        const ShellStreamPtr stream = call.open(path);
        if (!stream) {
            return 1;
        }
        const bool typed = stream->kind == ShellStream::Kind::Terminal;
        for (std::string line = call.work().readLine(*stream); !line.empty(); line = call.work().readLine(*stream)) {
            if (!bc.run(line, !typed)) {
                return bc.failed() ? 1 : 0;
            }
        }
    }
    return 0;
}

}  // namespace apiary::agent
