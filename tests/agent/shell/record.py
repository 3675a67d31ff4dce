#!/usr/bin/env python3
"""Takes what the real BusyBox answers: record.py BUSYBOX PROBES... writes its answers into the files of probes.

BUSYBOX is Debian 12's /bin/busybox of the package busybox-static (1:1.35.0-4+deb12u1). It runs as "-sh" on a terminal,
in a chroot of a temporary folder, in name spaces of its own without a network. Needs root. A file of probes is read by
recorded_test.cpp as well:

    ## name           a new shell
    C: text           typed, with the line end; \\xHH and \\\\ are escapes
    S: text           a line of the answer; S| text is one without its line end
    P: text           the prompt after it, if it is not that of before
    # text            for the reader; "# differs: why" before a C: our answer is not compared

Only the lines C:, # and ## are kept; the others are written anew.
"""
import fcntl, os, pty, re, select, shutil, signal, struct, subprocess, sys, tempfile, termios, time

FOLDERS = "bin sbin usr/bin usr/sbin etc root tmp proc dev var/run var/tmp mnt home".split()


def escape(data):
    return "".join(chr(b) if 32 <= b < 127 and b != 92 else "\\\\" if b == 92 else "\\x%02x" % b for b in data)


def unescape(text):
    return re.sub(rb"\\(\\|x[0-9a-f]{2})", lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1][1:], 16)]), text.encode())


class Terminal:
    def __init__(self, busybox):
        self.root = tempfile.mkdtemp(prefix="ash-")
        for folder in FOLDERS:
            os.makedirs(f"{self.root}/{folder}")
        shutil.copy(busybox, f"{self.root}/bin/busybox")
        for name in subprocess.run([busybox, "--list"], capture_output=True, text=True).stdout.split():
            if name != "busybox":
                os.symlink("busybox", f"{self.root}/bin/{name}")
        open(f"{self.root}/etc/passwd", "w").write("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
        open(f"{self.root}/etc/group", "w").write("root:x:0:\nnogroup:x:65534:\n")
        setup = "hostname router; mount -t proc proc $R/proc; mount -t tmpfs dev $R/dev; mount -t tmpfs -o mode=1777 tmpfs $R/tmp; "
        for name, major, minor in (("null", 1, 3), ("zero", 1, 5), ("tty", 5, 0), ("urandom", 1, 9)):
            setup += f"mknod -m 666 $R/dev/{name} c {major} {minor}; "
        inside = "cd /root; exec -a -sh /bin/busybox"
        start = ("exec chroot $R /bin/busybox env -i HOME=/root USER=root LOGNAME=root TERM=vt102 SHELL=/bin/sh "
                 f"PATH=/sbin:/usr/sbin:/bin:/usr/bin /bin/busybox sh -c '{inside}'")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.environ["R"] = self.root
            os.execvp("unshare", ["unshare", "-n", "-m", "-u", "-p", "-f", "--kill-child", "sh", "-c", setup + start])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 4000, 0, 0))
        self.prompt = b""
        self.read(None, 1.0)

    def read(self, typed, quiet=0.15, most=8.0):
        data, end = b"", time.time() + most
        while time.time() < end:
            if not select.select([self.fd], [], [], quiet)[0]:
                break
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            if not piece:
                break
            data += piece
        data = data.replace(b"\x1b[6n", b"").replace(b"\r\n", b"\n")
        if typed is not None:
            data = data[data.find(b"\n") + 1:]
        cut = re.search(rb"(?:(?:~|/)[^\n]{0,80} # |> )$", data)
        prompt = cut[0] if cut else b""
        for known in (b"~ # ", b"/tmp # ", b"/ # ", b"> "):  # behind output without a line end
            if data.endswith(known):
                prompt = known
        return data[:len(data) - len(prompt)], prompt

    def line(self, text):
        if text == b"\x04":
            os.write(self.fd, text)
            return self.read(None)
        os.write(self.fd, text + b"\r")
        wait = re.search(rb"sleep ([0-9])", text)
        return self.read(text, 0.15 + (float(wait[1]) if wait else 0))

    def stop(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)
        shutil.rmtree(self.root, ignore_errors=True)


def record(busybox, path):
    lines, terminal, prompt = [], None, b""
    for line in open(path).read().splitlines():
        if line.startswith(("S: ", "S| ", "P: ")) or line in ("S:", "P:"):
            continue
        lines.append(line)
        if line.startswith("## "):
            if terminal:
                terminal.stop()
            terminal, prompt = Terminal(busybox), b"~ # "
        elif line.startswith("C:"):
            output, now = terminal.line(unescape(line[3:]))
            pieces = output.split(b"\n")
            lines += [("S: " + re.sub(" $", r"\\x20", escape(piece))) if piece else "S:" for piece in pieces[:-1]]
            lines += ["S| " + escape(pieces[-1])] if pieces[-1] else []
            if now != prompt:
                lines.append("P: " + escape(now) if now else "P:")
                prompt = now
    terminal.stop()
    open(path, "w").write("\n".join(lines) + "\n")


if __name__ == "__main__":
    for name in sys.argv[2:]:
        record(sys.argv[1], name)
