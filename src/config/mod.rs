//! The configuration: raw TOML to a checked [`Config`] in one step; after it nothing can be invalid (CONTRACT.md, "Configuration").

mod checked;

pub use checked::{
    Admin, AdminListen, Auth, Budget, Config, CourierRecipients, Delivery, DisplayName, Dkim,
    Limits, MaskedDomainConfig, Policy, Route, RouteDomain, RouteTls, SharedSpf, Smtp, TlsFiles,
};
