//! Threads and messages as their parties see them.

use serde::Serialize;

use super::caller::Caller;
use super::labels;
use super::problem::Problem;
use super::service::PortalService;
use crate::archive::{
    MailState, MessageId, Party, StoredFile, StoredMessage, ThreadKind, ThreadView, Via,
};
use crate::directory::{AccountStatus, Transaction, TransactionStatus};

/// The name that is shown of an account that is gone.
const DELETED: &str = "deleted user";
/// The name that is shown of whoever brings parcels: a thread with one has news only.
const COURIER: &str = "courier";

/// What somebody is in a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// Bought.
    Buyer,
    /// Sold.
    Seller,
    /// Neither: the thread is about no order.
    User,
    /// Brings the parcel; nobody answers it.
    Courier,
}

/// The other side of a thread.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(super) struct Other {
    /// Its public name; `deleted user` where the account is gone, `courier` of a courier.
    pub(super) login: String,
    /// What it is.
    pub(super) role: Role,
    /// Whether the account is gone.
    pub(super) deleted: bool,
}

/// Whether a thread can be answered.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(super) struct CanWrite {
    /// Whether it can. A message may still be refused for what it says.
    pub(super) yes: bool,
    /// Why not: `suspended`, `transaction-closed`, `unknown-transaction`, `transaction-required` or `courier`; null where it can.
    pub(super) why: Option<&'static str>,
    /// The same as a sentence in your language; absent where it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<&'static str>,
}

/// A thread.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Thread)]
pub(super) struct ShownThread {
    /// Its id.
    pub(super) id: String,
    /// `talk`, or `courier` for news of a parcel.
    #[schema(value_type = String)]
    pub(super) kind: ThreadKind,
    /// The other side.
    pub(super) other: Other,
    /// The order that it is about, by its fixed id; null: about none.
    pub(super) order: Option<String>,
    /// The number of that order as you know it; null: it has none, or is gone.
    pub(super) order_number: Option<String>,
    /// How many messages of the other side you have not read. What the other side has read of yours is not told.
    pub(super) unread: u64,
    /// Whether the last message is the other side's.
    pub(super) unanswered: bool,
    /// The number of the last message in your feed.
    pub(super) last_number: u64,
    /// When that became visible to you; RFC 3339.
    pub(super) last_message_at: String,
    /// Up to which number of your feed you have read the thread.
    pub(super) read_up_to: u64,
    /// Whether it can be answered.
    pub(super) can_write: CanWrite,
}

/// A file of a message.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = File)]
pub(super) struct ShownFile {
    /// Its id.
    pub(super) id: String,
    /// Its name as it was sent, without marks that are not seen.
    pub(super) name: String,
    /// What it is by its contents, whatever it was declared to be.
    #[serde(rename = "type")]
    pub(super) media_type: String,
    /// Octets.
    pub(super) size: u64,
}

/// What became of the mail of a message.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Mail)]
pub(super) struct ShownMail {
    /// `queued`, `delayed`, `delivered` or `failed`.
    pub(super) state: &'static str,
    /// Of your own messages that are delayed or failed: why, without any address of the reader's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// The same in your language, where there is a translation: what other servers said has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Author {
    /// You.
    Me,
    /// The other side of the thread.
    Other,
}

/// A message.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Message)]
pub(super) struct ShownMessage {
    /// Its id.
    pub(super) id: String,
    /// The thread that it stands in.
    pub(super) thread: String,
    /// Its number in your feed; numbers of a thread rise.
    pub(super) number: u64,
    /// Who wrote it. There may be others later, as `system`.
    pub(super) author: Author,
    /// How it came: `mail`, or `center` where it was written here. There may be others later.
    #[schema(value_type = String)]
    pub(super) via: Via,
    /// Whether a program answered by itself, as during holidays.
    pub(super) automatic: bool,
    /// Its subject; may be empty.
    pub(super) subject: String,
    /// What it says, without what it quotes; LF ends a line.
    pub(super) text: String,
    /// What it quotes of messages before it, as it stands there; empty where it quotes nothing. Nothing is ever cut: a quote with words of the
    /// writer in it or below it stands in `text`.
    pub(super) quoted: String,
    /// Whether it says more than is shown; `/raw` has all of it.
    pub(super) cut: bool,
    /// Its files.
    pub(super) files: Vec<ShownFile>,
    /// When it was accepted; RFC 3339.
    pub(super) written_at: String,
    /// When it became visible to you; RFC 3339. What counts for a list is `number`.
    pub(super) published_at: String,
    /// What became of its mail.
    pub(super) mail: ShownMail,
}

/// Threads as `caller` sees them. The language is asked for once, and only where there is anything to be told in it.
///
/// # Errors
/// 503.
pub(super) async fn threads(
    service: &PortalService,
    caller: &Caller,
    views: Vec<ThreadView>,
) -> Result<Vec<ShownThread>, Problem> {
    let mut threads = Vec::with_capacity(views.len());
    for view in views {
        threads.push(unlabelled(service, caller, view).await?);
    }
    if threads.iter().all(|thread| thread.can_write.yes) {
        return Ok(threads);
    }
    let language = service.language(caller).await?;
    for CanWrite { why, label, .. } in threads.iter_mut().map(|thread| &mut thread.can_write) {
        *label = why.and_then(|why| labels::cannot_write(&language, why));
    }
    Ok(threads)
}

/// A thread as `caller` sees it.
///
/// # Errors
/// 503.
pub(super) async fn thread(
    service: &PortalService,
    caller: &Caller,
    view: ThreadView,
) -> Result<ShownThread, Problem> {
    let shown = threads(service, caller, vec![view]).await?;
    let shown = shown.into_iter().next();
    shown.ok_or_else(|| Problem::no_such("thread"))
}

/// One without the sentence why it cannot be answered.
async fn unlabelled(
    service: &PortalService,
    caller: &Caller,
    view: ThreadView,
) -> Result<ShownThread, Problem> {
    let thread = &view.thread;
    let other = thread.parties.other_than(&caller.id);
    let transaction = match &thread.order {
        Some(order) => service.parts.directory.transaction(order).await?,
        None => None,
    };
    let (other, can_write) = match other {
        None => (
            Other {
                login: COURIER.to_owned(),
                role: Role::Courier,
                deleted: false,
            },
            Some("courier"),
        ),
        Some(party) => {
            let role = match (&thread.order, party.id == thread.parties.one.id) {
                (None, _) => Role::User,
                (Some(_), true) => Role::Buyer,
                (Some(_), false) => Role::Seller,
            };
            let (other, is_active) = other_side(service, party, role).await?;
            let is_active = is_active && caller.account.status == AccountStatus::Active;
            let why = match (is_active, &thread.order) {
                (false, _) => Some("suspended"),
                (true, None) => service
                    .parts
                    .require_transaction
                    .then_some("transaction-required"),
                (true, Some(_)) => order_closed(transaction.as_deref()),
            };
            (other, why)
        }
    };
    Ok(ShownThread {
        id: thread.id.to_string(),
        kind: thread.kind,
        other,
        order: thread.order.as_ref().map(ToString::to_string),
        order_number: transaction.and_then(|transaction| transaction.order.clone()),
        unread: view.unread,
        unanswered: view.unanswered,
        last_number: view.last,
        last_message_at: view.last_at.to_rfc3339_millis(),
        read_up_to: view.read_up_to,
        can_write: CanWrite {
            yes: can_write.is_none(),
            why: can_write,
            label: None,
        },
    })
}

/// The other side, and whether it can be written to.
async fn other_side(
    service: &PortalService,
    party: &Party,
    role: Role,
) -> Result<(Other, bool), Problem> {
    let account = service.parts.directory.participant(&party.id).await?;
    let status = account.map(|account| account.status);
    let deleted = status.is_none_or(|status| status == AccountStatus::Deleted);
    let login = if deleted || party.login.is_empty() {
        DELETED.to_owned()
    } else {
        party.login.clone()
    };
    let other = Other {
        login,
        role,
        deleted,
    };
    Ok((other, status == Some(AccountStatus::Active)))
}

/// Why a thread about an order cannot be answered, by what is known before anything is written.
fn order_closed(transaction: Option<&Transaction>) -> Option<&'static str> {
    match transaction.map(|transaction| transaction.status) {
        None => Some("unknown-transaction"),
        Some(TransactionStatus::Closed) => Some("transaction-closed"),
        Some(TransactionStatus::Open) => None,
    }
}

/// A message as `caller` sees it.
pub(super) fn message(caller: &Caller, message: StoredMessage) -> ShownMessage {
    let is_mine = message.writer.as_ref() == Some(&caller.id);
    let (text, quoted) = apart(&message);
    let files = message.files.iter().zip(0..);
    ShownMessage {
        files: files
            .map(|(stored, place)| file(message.id, place, stored))
            .collect(),
        id: message.id.to_string(),
        thread: message.thread.to_string(),
        number: message.number,
        author: if is_mine { Author::Me } else { Author::Other },
        via: message.via,
        automatic: message.automatic,
        subject: message.subject,
        text,
        quoted,
        cut: message.cut,
        written_at: message.written_at.to_rfc3339_millis(),
        published_at: message.published_at.to_rfc3339_millis(),
        mail: mail(message.mail, is_mine),
    }
}

/// What the writer says, and what it quotes.
fn apart(message: &StoredMessage) -> (String, String) {
    let (mut own, mut quoted) = (String::new(), String::new());
    let mut at = 0;
    for folded in &message.folded {
        own.push_str(message.text.get(at..folded.start).unwrap_or_default());
        quoted.push_str(message.text.get(folded.clone()).unwrap_or_default());
        if !quoted.is_empty() && !quoted.ends_with('\n') {
            quoted.push('\n');
        }
        at = folded.end.max(at);
    }
    own.push_str(message.text.get(at..).unwrap_or_default());
    quoted.truncate(quoted.trim_end_matches('\n').len());
    // The lines between both are nobody's words.
    if !message.folded.is_empty() {
        own.truncate(own.trim_end().len());
    }
    (own, quoted)
}

/// The file that stands at `place` in a message. Its id is the message's with the place behind it: nothing has to be looked up to find it.
fn file(message: MessageId, place: u16, stored: &StoredFile) -> ShownFile {
    ShownFile {
        id: format!("{message}{place:04x}"),
        name: stored.name.clone(),
        media_type: stored.media_type.clone(),
        size: stored.size,
    }
}

fn mail(mail: MailState, is_mine: bool) -> ShownMail {
    let (state, reason) = match mail {
        MailState::Queued => ("queued", None),
        MailState::Delayed { reason } => ("delayed", Some(reason)),
        MailState::Delivered => ("delivered", None),
        MailState::Failed { reason } => ("failed", Some(reason)),
    };
    // What a server said is for whoever wrote: it names nothing of the reader's, but may of the writer's.
    let reason = reason.filter(|_| is_mine);
    ShownMail {
        state,
        reason,
        label: None,
    }
}

/// Adds the sentences in the language of `caller`, where there is anything to be told.
///
/// # Errors
/// 503.
pub(super) async fn label(
    service: &PortalService,
    caller: &Caller,
    messages: &mut [ShownMessage],
) -> Result<(), Problem> {
    if messages.iter().all(|message| message.mail.reason.is_none()) {
        return Ok(());
    }
    let language = service.language(caller).await?;
    for message in messages {
        let reason = message.mail.reason.as_deref();
        message.mail.label = reason.and_then(|reason| labels::sentence(&language, reason));
    }
    Ok(())
}
