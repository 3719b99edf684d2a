//! Collects the questions of many tasks into few calls: what is asked while a call is under way goes into the next one.
//!
//! With no call under way, a question is sent alone and at once. Each task gets the answer to its own question, or none
//! if the calling task has ended. A question whose task has given up is dropped.

use std::sync::Mutex;
use std::time::Duration;

use fastrand::Rng;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use crate::backoff::Backoff;
use crate::lock::locked;
use crate::work::Unannounced;

/// Askers that wait to be taken up; more wait to wait.
const WAITING: usize = 1024;

/// Asks. The calls end when the last of these is gone.
#[derive(Debug)]
pub(crate) struct Asker<Q, A>(mpsc::Sender<(Q, oneshot::Sender<A>)>);

/// Takes up questions and calls.
#[derive(Debug)]
pub(crate) struct Batches<Q, A> {
    asked: mpsc::Receiver<(Q, oneshot::Sender<A>)>,
    /// Questions in one call.
    most: usize,
    /// Calls at once.
    at_once: usize,
}

/// One question, and where its answer goes.
pub(crate) fn batches<Q, A>(most: usize, at_once: usize) -> (Asker<Q, A>, Batches<Q, A>) {
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
    pub(crate) async fn ask(&self, question: Q) -> Option<A> {
        let (answer, answered) = oneshot::channel();
        self.0.send((question, answer)).await.ok()?;
        answered.await.ok()
    }
}

impl<Q> Asker<Q, Result<(), Unannounced>> {
    /// Returns once it is done, or says why it is not.
    pub(crate) async fn announce(&self, question: Q) -> Result<(), Unannounced> {
        let answer = self.ask(question).await;
        answer.unwrap_or_else(|| Err(Unannounced::for_now("the process is stopping")))
    }
}

impl<Q, A> Batches<Q, A> {
    /// Calls until nobody can ask any more. An answer stands where its question stood.
    pub(crate) async fn run<C, F>(mut self, call: C)
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

/// How long a question is asked again, and how soon.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) tried_for: Duration,
    /// The first wait, and the longest.
    pub(crate) backoff: (Duration, Duration),
}

/// An answer to each question, unless the call has failed as a whole.
pub(crate) type Answers<A, E> = Result<Vec<Result<A, E>>, E>;

/// A call that answers many questions, each by itself.
pub(crate) trait Call: Sync {
    type Question: Sync;
    type Answer: Send;
    type Error: Send;
    type Settled: Send;

    /// One call. It may fail as a whole.
    fn call(
        &self,
        questions: &[&Self::Question],
    ) -> impl Future<Output = Answers<Self::Answer, Self::Error>> + Send;

    /// Whether it has failed as a whole because of one question: the others are not to blame.
    fn is_of_one(e: &Self::Error) -> bool;

    /// What an answer means; none if it is to be asked again, which the last time it is not.
    fn settle(
        &self,
        question: &Self::Question,
        answer: Result<&Self::Answer, &Self::Error>,
        last: bool,
    ) -> Option<Self::Settled>;
}

/// Calls until each question is settled.
pub(crate) async fn until_settled<C: Call>(
    call: &C,
    questions: &[C::Question],
    patience: Patience,
    rng: &Mutex<Rng>,
) -> Vec<C::Settled> {
    let (started, (first, longest)) = (Instant::now(), patience.backoff);
    let mut backoff = Backoff::new(first, longest);
    let mut settled: Vec<Option<C::Settled>> = questions.iter().map(|_| None).collect();
    loop {
        let open = (0..questions.len()).filter(|at| settled[*at].is_none());
        let open: Vec<usize> = open.collect();
        if open.is_empty() {
            return settled.into_iter().flatten().collect();
        }
        let asked: Vec<&C::Question> = open.iter().map(|at| &questions[*at]).collect();
        let last = started.elapsed() >= patience.tried_for;
        for (at, end) in open.iter().zip(together_or_alone(call, &asked, last).await) {
            settled[*at] = end;
        }
        if settled.iter().any(Option::is_none) {
            let wait = backoff.next(&mut locked(rng));
            sleep(wait).await;
        }
    }
}

/// One call; where it is refused as a whole because of one question, one call for each.
async fn together_or_alone<C: Call>(
    call: &C,
    asked: &[&C::Question],
    last: bool,
) -> Vec<Option<C::Settled>> {
    match call.call(asked).await {
        Ok(answers) => {
            let answers = answers.iter().zip(asked);
            answers
                .map(|(answer, question)| call.settle(question, answer.as_ref(), last))
                .collect()
        }
        Err(e) if C::is_of_one(&e) && asked.len() > 1 => {
            let mut ends = Vec::with_capacity(asked.len());
            for question in asked {
                let answer = match call.call(&[*question]).await {
                    Ok(mut one) => one.remove(0),
                    Err(e) => Err(e),
                };
                ends.push(call.settle(question, answer.as_ref(), last));
            }
            ends
        }
        Err(e) => {
            let ends = asked
                .iter()
                .map(|question| call.settle(question, Err(&e), last));
            ends.collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

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
