//! What a command prints, and whether anybody still reads: `brigade query … | head` ends in order.

use std::io::{self, ErrorKind, StdoutLock, Write};

/// The standard output.
pub(super) struct Out {
    to: StdoutLock<'static>,
    closed: bool,
}

impl Out {
    pub(super) fn lock() -> Self {
        Self {
            to: io::stdout().lock(),
            closed: false,
        }
    }

    /// Whether the reader went away.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn seen<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        self.closed |= matches!(&done, Err(error) if error.kind() == ErrorKind::BrokenPipe);
        done
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.to.write(bytes);
        self.seen(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.to.flush();
        self.seen(done)
    }
}
