//! What this process takes of memory.

/// Resident memory of this process in KiB.
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_ascii_whitespace().nth(1))
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}
