//! Many askers, few calls: what waits while a call is under way goes into the next.
//!
//! Nobody waits for company: with no call under way, a question goes out alone and at once. Each
//! asker gets the answer to its own question, or none if the calls have ended. Who has given up
//! waiting is not asked for any more.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};

use crate::work::Unannounced;

/// Askers that wait to be taken up; more wait to wait.
const WAITING: usize = 1024;

/// Asks. The calls end when the last of these is gone.
#[derive(Debug)]
pub(super) struct Asker<Q, A>(mpsc::Sender<(Q, oneshot::Sender<A>)>);

/// Takes up questions and calls.
#[derive(Debug)]
pub(super) struct Batches<Q, A> {
    asked: mpsc::Receiver<(Q, oneshot::Sender<A>)>,
    /// Questions in one call.
    most: usize,
    /// Calls at once.
    at_once: usize,
}

/// An asker, and who calls for it.
pub(super) fn batches<Q, A>(most: usize, at_once: usize) -> (Asker<Q, A>, Batches<Q, A>) {
    let (ask, asked) = mpsc::channel(WAITING);
    let batches = Batches {
        asked,
        most,
        at_once,
    };
    (Asker(ask), batches)
}

impl<Q, A> Asker<Q, A> {
    /// The answer, or none if there will be none.
    pub(super) async fn ask(&self, question: Q) -> Option<A> {
        let (answer, answered) = oneshot::channel();
        self.0.send((question, answer)).await.ok()?;
        answered.await.ok()
    }
}

impl<Q> Asker<Q, Result<(), Unannounced>> {
    /// Returns once it is done, or says why it is not.
    pub(super) async fn announce(&self, question: Q) -> Result<(), Unannounced> {
        let answer = self.ask(question).await;
        answer.unwrap_or_else(|| Err(Unannounced::for_now("the process is stopping")))
    }
}

impl<Q, A> Batches<Q, A> {
    /// Calls until nobody can ask any more. An answer stands where its question stood.
    pub(super) async fn run<C, F>(mut self, call: C)
    where
        C: Fn(Vec<Q>) -> F,
        F: Future<Output = Vec<A>>,
    {
        let mut under_way = FuturesUnordered::new();
        let mut open = true;
        while open || !under_way.is_empty() {
            let mut taken = Vec::new();
            tokio::select! {
                Some(()) = under_way.next(), if !under_way.is_empty() => {}
                count = self.asked.recv_many(&mut taken, self.most), if open && under_way.len() < self.at_once => {
                    open = count > 0;
                    taken.retain(|(_, answer)| !answer.is_closed());
                    if !taken.is_empty() {
                        let (questions, askers): (Vec<Q>, Vec<_>) = taken.into_iter().unzip();
                        let answers = call(questions);
                        under_way.push(async move {
                            for (asker, answer) in askers.into_iter().zip(answers.await) {
                                // One that has gone needs none.
                                let _: Result<(), A> = asker.send(answer);
                            }
                        });
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::time::{Instant, sleep};

    use super::*;

    const CALL: Duration = Duration::from_secs(1);

    /// Asks 0 to n at once; the questions of each call, and whether all were answered rightly.
    async fn burst(n: u32, most: usize, at_once: usize) -> (Vec<usize>, Duration) {
        let (asker, batches) = batches(most, at_once);
        let sizes = Mutex::new(Vec::new());
        let started = Instant::now();
        let burst = async {
            let answers = join_all((0..n).map(|i| asker.ask(i))).await;
            assert_eq!(answers, (0..n).map(|i| Some(i * 2)).collect::<Vec<_>>());
            drop(asker);
        };
        let run = batches.run(async |questions: Vec<u32>| {
            sizes.lock().unwrap().push(questions.len());
            sleep(CALL).await;
            questions.into_iter().map(|i| i * 2).collect()
        });
        tokio::join!(run, burst);
        (sizes.into_inner().unwrap(), started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_goes_into_the_next_call_and_each_gets_its_own_answer() {
        let (calls, took) = burst(250, 100, 1).await;
        assert_eq!(calls.iter().sum::<usize>(), 250);
        assert!(
            calls.len() <= 4 && calls.iter().all(|size| *size <= 100),
            "{calls:?}"
        );
        assert_eq!(took, CALL * u32::try_from(calls.len()).unwrap());
        let (calls, took) = burst(40, 10, 4).await;
        assert_eq!(calls, [10; 4]);
        assert_eq!(took, CALL, "four at once");
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_gone_is_not_asked_for_and_who_gets_no_answer_is_told() {
        let (asker, batches) = batches::<u32, u32>(10, 1);
        let heard = Mutex::new(Vec::new());
        let run = batches.run(async |questions: Vec<u32>| {
            heard.lock().unwrap().extend(questions);
            sleep(CALL).await;
            vec![7]
        });
        let asks = async {
            let first = asker.ask(1);
            let (first, (gone, short)) = tokio::join!(first, async {
                sleep(CALL / 4).await;
                let gone = tokio::time::timeout(CALL / 2, asker.ask(2)).await;
                (gone, tokio::join!(asker.ask(3), asker.ask(4)))
            });
            assert_eq!(first, Some(7));
            assert!(gone.is_err(), "it did not wait");
            assert_eq!(short, (Some(7), None), "an answer too few");
            drop(asker);
        };
        tokio::join!(run, asks);
        assert_eq!(*heard.lock().unwrap(), [1, 3, 4]);
    }
}
