"""What the machine is and what its parts cost, so that figures of two machines can be read side by side."""

import os
import pathlib
import platform
import statistics
import subprocess
import time

FLAGS = ("avx2", "avx512f", "avx512ifma", "vaes", "sha_ni")


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    fields = dict(line.split(":", 1) for line in text.split("\n\n", 1)[0].split("\n") if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    known = fields.get("flags", "").split()
    name = f"{fields.get('model name', platform.machine())}, family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"
    return name, [flag for flag in FLAGS if flag in known]


def file_system(folder):
    """Kind and options of what holds `folder`."""
    best = ("", "unknown")
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        inside = pathlib.Path(folder).resolve().is_relative_to(place)
        if inside and len(place) >= len(best[0]):
            best = (place, f"{kind} ({options})")
    return best[1]


def stolen():
    """Ticks that the host took from this machine, and all ticks."""
    fields = list(map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return fields[7], sum(fields)


def median_microseconds(work, times, of=7):
    def once():
        start = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - start) * 1e6 / times
    return statistics.median(once() for _ in range(of))


def pipe():
    """Microseconds from one process to another and back: two wake-ups."""
    (there, write), (back, answer) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.close(back)
        while octet := os.read(there, 1):
            os.write(answer, octet)
        os._exit(0)
    os.close(there)
    os.close(answer)

    def turn():
        os.write(write, b"x")
        os.read(back, 1)
    took = median_microseconds(turn, 2_000)
    os.close(write)
    os.waitpid(child, 0)
    os.close(back)
    return took


def sync(folder):
    """Microseconds of ten KiB written and synced at the end of a file."""
    path = pathlib.Path(folder) / "sync"
    with open(path, "wb", buffering=0) as file:
        def write():
            file.write(b"x" * 10_240)
            os.fdatasync(file.fileno())
        took = median_microseconds(write, 50)
    path.unlink()
    return took


def rsa():
    """Microseconds of one signature with RSA-2048, by OpenSSL on one core; none without it."""
    try:
        done = subprocess.run(["openssl", "speed", "-seconds", "1", "-mr", "rsa2048"], capture_output=True, text=True, check=True)
        # +F2:2:2048:SECONDS_SIGNED:SECONDS_VERIFIED, or operations a second; a signature takes less than a tenth of a second.
        value = float(next(line for line in done.stdout.splitlines() if line.startswith("+F2")).split(":")[3])
    except (OSError, subprocess.CalledProcessError, StopIteration, IndexError, ValueError):
        return None
    return 1e6 * value if value < 0.1 else 1e6 / value


def describe(folder):
    """A paragraph to print above figures."""
    name, flags = processor()
    signature = rsa()
    return (f"{name}, {os.cpu_count()} cores ({' '.join(flags)}), Linux {platform.release()}, {file_system(folder)}\n"
            f"a pipe there and back {pipe():.1f} us, 10 KiB synced {sync(folder):.0f} us, "
            f"RSA-2048 signed {'?' if signature is None else f'{signature:.0f} us'}")
