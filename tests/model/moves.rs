//! A move: once all routes have ended, look at all sides once more and take the source away.

use crate::rules::Rule;
use crate::state::{At, Content, Effect, State, Target, Write};
use crate::worker::{Then, Work};

impl Work<'_> {
    /// All routes have ended.
    pub(crate) fn ended(&self) -> Then {
        let routes = &self.worker.proven[..usize::from(self.setting.routes)];
        if !self.setting.route.moves() || routes.contains(&None) {
            return Then::Go(At::Settle);
        }
        // No rule of its own: the looks that follow would show it, too.
        if routes.iter().any(|proven| *proven != routes[0]) {
            return Then::Again;
        }
        if !self.has(Rule::MoveChecksDestination) {
            return Then::Go(At::MoveSource { seen: None });
        }
        let route = if self.has(Rule::MoveChecksAll) {
            0
        } else {
            self.setting.routes - 1
        };
        Then::Go(At::MoveDestination { route, seen: None })
    }

    pub(crate) fn move_destination(
        &self,
        there: Option<Content>,
        route: u8,
        seen: Option<Content>,
    ) -> Then {
        let Some(content) = there.filter(|there| seen.is_none_or(|seen| seen == *there)) else {
            return Then::Again;
        };
        let seen = Some(content);
        Then::Go(if route + 1 < self.setting.routes {
            let route = route + 1;
            At::MoveDestination { route, seen }
        } else if self.has(Rule::MoveChecksSource) {
            At::MoveSource { seen }
        } else {
            At::Sent(self.take(content.etag, None))
        })
    }

    pub(crate) fn move_source(&self, state: &State, seen: Option<Content>) -> Then {
        let source = self.source(state);
        let Some(content) = source.content else {
            return Then::Go(At::Settle);
        };
        let same = match seen {
            Some(seen) => self.equal(seen, content),
            None => self.worker.proven[0] == Some(content.etag),
        };
        if same {
            Then::Go(At::Sent(self.take(content.etag, Some(source.id))))
        } else {
            Then::Again
        }
    }

    pub(crate) fn doubt_move(&self) -> Then {
        if self.has(Rule::GoneForCertain) {
            Then::ReturnToQueue
        } else {
            Then::Go(At::Settle)
        }
    }

    /// Takes the source away.
    fn take(&self, etag: u8, seen: Option<u8>) -> Write {
        let source = Target {
            content: Some(Content {
                etag,
                attributes: 0,
            }),
            ..Target::default()
        };
        self.write(Effect::Move, source, seen)
    }
}
