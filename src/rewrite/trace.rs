//! Our own trace field on participants' mail (RFC 5321 4.4).

use crate::mail::{Domain, Timestamp, TraceId};

/// What our trace field on participants' mail says: our host, the trace id, the time. Nothing of the client: its name and address are
/// what the mask hides.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Our host.
    pub host: Domain,
    /// The name of the transaction.
    pub id: TraceId,
    /// When the message was taken.
    pub at: Timestamp,
}

impl Trace {
    /// `ESMTP` whatever was spoken: how the client connects tells of its program. One field replaces all that came (docs/threats.md#94).
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let line = format!(
            "Received: by {} with ESMTP id {};\r\n {}\r\n",
            self.host,
            self.id,
            self.at.to_rfc5322()
        );
        out.extend_from_slice(line.as_bytes());
    }
}
