//! How a client behaves: its errors, what they cost it, and the commands that only hold a session.

use super::Machine;
use super::effect::Effect;
use crate::inbound::limits::FREE_ERRORS;
use crate::mail::{EnhancedStatus, Reply};
use crate::policy::Refusal;

impl Machine {
    /// From now on the session ends with so many errors, and after so many commands without a message. Asked for before every command, since
    /// stress may have begun or ended since the last one; a session that is over a new limit already ends with its next fault, not before.
    pub(in crate::inbound) fn tolerate(&mut self, errors: u32, junk: u32) {
        self.max_errors = errors;
        self.max_junk = junk;
    }

    /// How many errors are to cost the client time now; asking settles them.
    pub(in crate::inbound) fn penalties(&mut self) -> u32 {
        std::mem::take(&mut self.unpaid)
    }

    /// Whether this error is one too many.
    fn count_error(&mut self) -> bool {
        self.errors += 1;
        self.unpaid += u32::from(self.errors > FREE_ERRORS);
        self.errors >= self.max_errors
    }

    /// Counts an error; beyond the budget the session ends. For replies of the protocol, which the history does not keep.
    pub(in crate::inbound) fn blame(&mut self, reply: Reply) -> Effect {
        if self.count_error() {
            return Effect::Close(Reply::new(
                421,
                Some(EnhancedStatus::new(4, 7, 0)),
                "too many errors",
            ));
        }
        Effect::Say(reply)
    }

    /// Refuses by a reason, and counts it as [`Machine::blame`] does. Such a refusal concerns a message, so it is logged, told to the history and
    /// counted by its word; even the one that ends the session is, in place of a bare 421.
    pub(super) fn refuse(&mut self, refusal: Refusal) -> Effect {
        if self.count_error() {
            Effect::RefuseAndClose(refusal)
        } else {
            Effect::Refuse(refusal)
        }
    }

    /// A command that may not stand here (RFC 5321 4.1.4): 503.
    pub(super) fn misplaced(&mut self, text: &str) -> Effect {
        self.blame(Reply::new(503, Some(EnhancedStatus::new(5, 5, 1)), text))
    }

    /// Answers a command that leads to no message, until there have been too many: each costs the client little and holds a place.
    pub(super) fn chatter(&mut self, reply: Reply) -> Effect {
        self.junk += 1;
        if self.junk > self.max_junk {
            return Effect::Close(Reply::new(
                421,
                Some(EnhancedStatus::new(4, 7, 0)),
                "too many commands without a message",
            ));
        }
        Effect::Say(reply)
    }
}
