//! What the system says of this process, asked when the metrics are.

/// Sets memory and open files, and how many there may be. Where `/proc` says nothing they stay as they were.
pub fn measure_process() {
    let Ok(process) = procfs::process::Process::myself() else {
        return;
    };
    if let Ok(statm) = process.statm() {
        let resident = statm.resident.saturating_mul(procfs::page_size());
        metrics::gauge!("allegromail_process_resident_bytes").set(resident as f64);
    }
    if let Ok(open) = process.fd_count() {
        metrics::gauge!("allegromail_process_open_files").set(open as f64);
    }
    if let Ok(limits) = process.limits()
        && let procfs::process::LimitValue::Value(most) = limits.max_open_files.soft_limit
    {
        metrics::gauge!("allegromail_process_open_files_limit").set(most as f64);
    }
}
