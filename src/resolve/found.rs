//! What a name server says of a name and a type.

use hickory_resolver::proto::rr::RData;

/// What a look-up found.
pub(super) enum Found {
    Records(Vec<RData>),
    NoData,
    NoName,
}
