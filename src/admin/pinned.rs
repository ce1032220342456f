//! TLS towards our own server: it shows the certificate that the configuration names, whoever signed it.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificate;
use crate::config::TlsFiles;
use crate::delivery::AnyCertificate;

/// Connects, and sends nothing until the server has shown the certificate of `files` and that it holds its key.
pub(super) async fn connect(
    stream: TcpStream,
    files: &TlsFiles,
) -> Result<TlsStream<TcpStream>, String> {
    let wanted = certificate::chain(files).map_err(|error| error.to_string())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await;
    let stream = stream.map_err(|error| error.to_string())?;
    let shown = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(<[_]>::first);
    if shown.is_none() || shown != wanted.first() {
        return Err(format!(
            "the server shows another certificate than {}; if the file is newer, have the server read it again (SIGHUP)",
            files.certificate.display()
        ));
    }
    Ok(stream)
}
