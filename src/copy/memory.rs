//! The memory of object bodies: a budget in bytes, and buffers that are reused.
//!
//! A body's bytes are taken from the budget before the first is read, first come, first served. The buffer of a part
//! that was sent is given to the next one, because new memory costs as much as the work on it: the kernel clears each
//! page. Buffers in use and kept ones never exceed the budget together; when nothing is in use, nothing is kept.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::{Bytes, BytesMut};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::lock::locked;
use crate::plan::ONE_PART;

/// The budget is counted in these.
const KIB: u64 = 1024;

/// Smaller buffers come from the heap as fast.
const KEPT: usize = 1 << 20;

/// The budget. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    budget: Arc<Semaphore>,
    /// All of it, in KiB.
    blocks: usize,
    spare: Arc<Mutex<Vec<BytesMut>>>,
}

/// A share of the budget, held as long as its bytes are.
#[derive(Debug)]
pub(super) struct Room<'a> {
    memory: &'a Memory,
    share: Option<SemaphorePermit<'a>>,
}

/// A body in memory: its share of the budget is held as long as it is, and then the next may have
/// its buffer.
#[derive(Debug)]
pub struct Held<'a> {
    bytes: Bytes,
    room: Room<'a>,
}

impl Memory {
    pub(super) fn new(bytes: u64) -> Self {
        let blocks = usize::try_from(bytes / KIB).unwrap_or(Semaphore::MAX_PERMITS);
        let blocks = blocks.min(Semaphore::MAX_PERMITS);
        Self {
            budget: Arc::new(Semaphore::new(blocks)),
            blocks,
            spare: Arc::default(),
        }
    }

    /// Takes bytes from the budget: never more than one part, which every budget has.
    pub(super) async fn room(&self, bytes: u64) -> Room<'_> {
        let blocks = u32::try_from(bytes.min(ONE_PART).div_ceil(KIB)).expect("one part is small");
        let share = self.budget.acquire_many(blocks).await;
        Room {
            memory: self,
            share: Some(share.expect("the budget is never closed")),
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<BytesMut>> {
        locked(&self.spare)
    }
}

impl Room<'_> {
    /// An empty buffer for so many bytes.
    pub(super) fn buffer(&self, length: usize) -> BytesMut {
        let memory = self.memory;
        let mut spare = memory.spare();
        // One larger than asked for would hold more than its share.
        let fits = |kept: &BytesMut| kept.capacity() == length;
        let taken = spare.iter().position(fits).map(|at| spare.swap_remove(at));
        // What is kept makes way for what is in use.
        let free = memory.budget.available_permits() as u64 * KIB;
        while spare.iter().map(|kept| kept.capacity() as u64).sum::<u64>() > free {
            spare.pop();
        }
        drop(spare);
        taken.unwrap_or_else(|| BytesMut::with_capacity(length))
    }

    /// Takes a body back whose bytes are sent, if nobody else holds it.
    pub(super) fn recycle(&self, body: Bytes) {
        if let Ok(mut buffer) = body.try_into_mut()
            && buffer.capacity() >= KEPT
        {
            buffer.clear();
            self.memory.spare().push(buffer);
        }
    }
}

impl<'a> Held<'a> {
    pub(super) fn new(bytes: Bytes, room: Room<'a>) -> Self {
        Self { bytes, room }
    }

    /// The body.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.room.recycle(std::mem::take(&mut self.bytes));
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        drop(self.share.take());
        let mut spare = self.memory.spare();
        if self.memory.budget.available_permits() == self.memory.blocks {
            *spare = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    /// What `work.buffer_memory` is at least.
    const LEAST: u64 = ONE_PART;

    fn room(memory: &Memory, bytes: u64) -> Room<'_> {
        memory.room(bytes).now_or_never().expect("there is room")
    }

    #[test]
    fn a_buffer_is_used_again_while_there_is_work() {
        let memory = Memory::new(2 * LEAST);
        let part = 8 << 20;
        let (first, other) = (room(&memory, part), room(&memory, part));
        let mut buffer = first.buffer(8 << 20);
        buffer.extend_from_slice(&[7; 100]);
        let at = buffer.as_ptr();
        let body = buffer.freeze();
        let sent = body.clone();
        first.recycle(body);
        assert_ne!(other.buffer(8 << 20).as_ptr(), at, "it is still being sent");
        first.recycle(sent);
        let again = other.buffer(8 << 20);
        assert_eq!((again.as_ptr(), again.len()), (at, 0));
        other.recycle(again.freeze());
        drop(first);
        assert_eq!(memory.spare().len(), 1, "somebody is at work");
        drop(other);
        assert!(memory.spare().is_empty(), "nobody is");
    }

    proptest! {
        #[test]
        fn what_is_used_and_what_is_kept_fit_into_the_budget(
            sizes in prop::collection::vec(prop_oneof![1..=16_usize << 20, Just(8 << 20)], 1..40),
        ) {
            let memory = Memory::new(LEAST * 2);
            let mut buffered = std::collections::VecDeque::new();
            for size in sizes {
                while memory.budget.available_permits() < size.div_ceil(1 << 10) {
                    let (room, body): (Room<'_>, BytesMut) = buffered.pop_front().expect("some are held");
                    room.recycle(body.freeze());
                }
                let room = room(&memory, size as u64);
                let buffer = room.buffer(size);
                prop_assert_eq!(buffer.capacity(), size);
                buffered.push_back((room, buffer));
                let kept: usize = memory.spare().iter().map(BytesMut::capacity).sum();
                let free = memory.budget.available_permits() as u64 * KIB;
                prop_assert!(kept as u64 <= free);
            }
        }

        #[test]
        fn no_body_is_larger_than_the_budget(memory in LEAST..4 * LEAST, bytes in 0..1_u64 << 50) {
            let memory = Memory::new(memory);
            prop_assert!(memory.room(bytes).now_or_never().is_some(), "it would wait for ever");
        }

        #[test]
        fn room_is_given_in_order_and_never_more_than_there_is(
            wants in prop::collection::vec(1..=ONE_PART, 1..40),
        ) {
            let memory = Memory::new(LEAST);
            let mut waiting: Vec<_> = wants.iter().map(|bytes| Some(Box::pin(memory.room(*bytes)))).collect();
            let mut buffered = std::collections::VecDeque::new();
            let mut next = 0;
            while next < wants.len() {
                // Everybody asks again; only those whose turn it is may get it.
                for (n, room) in waiting.iter_mut().enumerate() {
                    let given = room.as_mut().and_then(FutureExt::now_or_never);
                    if let Some(given) = given {
                        prop_assert_eq!(n, next, "{} overtook {}", n, next);
                        *room = None;
                        buffered.push_back((given, wants[n]));
                        next += 1;
                    }
                }
                let sum: u64 = buffered.iter().map(|(_, bytes)| bytes).sum();
                prop_assert!(sum <= LEAST);
                prop_assert!(!buffered.is_empty(), "somebody always gets on");
                buffered.pop_front();
            }
        }
    }
}
