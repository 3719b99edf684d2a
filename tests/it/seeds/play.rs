//! Playing a script to its end, and on until everything is at rest.
//!
//! First everything happens as written. Then everything calms down: faults end, permissions are
//! back, every daemon is up. The queue must run dry; what was dead-lettered is sent back once, as a person
//! would; where outsiders meddled with a destination, the key is asked for again. Then the daemons
//! are told to stop.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::ambush::Ambush;
use super::daemons::Daemon;
use super::judge::uncrawled;
use super::script::{Act, Outside, Script, Trouble, When};
use super::stage::{NOISE, SOURCE, Stage, UNREADABLE};
use super::storms::Storm;
use super::tally::Tally;
use crate::aws::{
    Access, Aws, Call, Denial, HOME_KEY, Latency, Line, Message, Mischief, Rule, Silence,
};
use crate::stage::edge;

/// A calm simulation must come to rest within this; one where a copy takes half a day, in eight times that.
const PATIENCE: Duration = Duration::from_hours(12);

/// Crawls end within this: one under way, and one for what has arrived meanwhile.
const CRAWLED: Duration = Duration::from_mins(30);

/// More calls than this in one script are a loop.
const MOST_CALLS: usize = 60_000;

/// What is left when everything is at rest.
pub(super) struct Played {
    pub(super) stage: Stage,
    /// What was in the dead-letter queue before it was sent back.
    pub(super) dead_lettered: Vec<Message>,
    /// What went wrong on the way, in words.
    pub(super) troubles: Vec<String>,
    /// What troubles there were.
    pub(super) happened: Tally,
}

/// What is still to be done to daemons and permissions.
enum Order {
    Do(Act),
    Start(usize),
    Allow(Denial),
    Enable,
    Show(String),
}

/// Orders by their time.
#[derive(Default)]
struct Agenda {
    orders: Mutex<BTreeMap<(Instant, usize), Order>>,
    more: Notify,
}

struct Theatre {
    stage: Stage,
    agenda: Agenda,
    daemons: Mutex<Vec<Daemon>>,
    happened: Mutex<Tally>,
}

pub(super) async fn play(script: &Script) -> Played {
    let theatre = Arc::new(Theatre {
        stage: Stage::build(script),
        agenda: Agenda::default(),
        daemons: Mutex::new(script.daemons.iter().map(|_| Daemon::default()).collect()),
        happened: Mutex::default(),
    });
    theatre.rehearse();
    theatre.perform().await;
    theatre.calm();
    let mut troubles = Vec::new();
    let dead_lettered = match theatre.settle().await {
        Ok(dead_lettered) => dead_lettered,
        Err(trouble) => {
            troubles.push(trouble);
            Vec::new()
        }
    };
    troubles.extend(theatre.close().await);
    let theatre = Arc::into_inner(theatre).expect("nobody watches any more");
    Played {
        stage: theatre.stage,
        dead_lettered,
        troubles,
        happened: theatre
            .happened
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner),
    }
}

impl Theatre {
    /// Puts everything in its place before the curtain.
    fn rehearse(self: &Arc<Self>) {
        let (aws, script) = (&self.stage.aws, &self.stage.script);
        for Storm {
            from,
            until,
            call,
            ill,
            chance,
        } in &script.storms
        {
            let begin = aws.now();
            let (service, name) = (call.service(), call.name());
            let (from, until) = (begin + ms(*from), begin + ms(*until));
            let rule = Rule::new(ill.into())
                .on(service, name)
                .when(move |call| call.line.is_some() && from <= call.at && call.at < until);
            aws.inject(rule.chance(*chance));
        }
        let mut waiting = Vec::new();
        for step in &script.steps {
            match step.when {
                When::At(at) => self.agenda.add(ms(at), Order::Do(step.act.clone())),
                When::Call { .. } => waiting.push(step.clone()),
            }
        }
        for daemon in 0..script.daemons.len() {
            self.agenda.add(Duration::ZERO, Order::Start(daemon));
        }
        let ambush = Mutex::new(Ambush::of(waiting));
        let theatre = Arc::clone(self);
        aws.watch(Some(Arc::new(move |_: &Aws, call: &Call, moment| {
            let sprung = ambush
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .spring(call, moment);
            for act in sprung {
                theatre.do_now(&act, call.line);
            }
        })));
    }

    /// Lets the script happen.
    async fn perform(&self) {
        let end = Instant::now() + ms(self.stage.script.end() + 1_000);
        loop {
            let next = self.agenda.next().map_or(end, |next| next.min(end));
            tokio::select! {
                biased;
                () = sleep_until(next) => {}
                () = self.agenda.more.notified() => continue,
            }
            if next >= end {
                return;
            }
            match self.agenda.take() {
                Some(Order::Do(Act::Trouble(Trouble::Jump { time }))) => {
                    self.happens("clock jumps", 1);
                    tokio::time::advance(ms(time)).await;
                }
                Some(order) => self.obey(order),
                None => {}
            }
        }
    }

    fn obey(&self, order: Order) {
        if matches!(order, Order::Allow(_) | Order::Enable | Order::Show(_)) {
            let held = self.daemons().iter().map(Daemon::paused_routes).sum();
            self.happens("routes held when it is mended", held);
        }
        match order {
            Order::Do(act) => self.do_now(&act, None),
            Order::Start(daemon) => self.start(daemon),
            Order::Allow(denial) => self.stage.aws.access(|access| access.allow(&denial)),
            Order::Enable => self.stage.aws.access(Access::know_home),
            Order::Show(bucket) => self.stage.aws.hide_bucket(&bucket, false),
        }
    }

    /// Does it at this very moment; `caller` made the call that it was waiting for.
    fn do_now(&self, act: &Act, caller: Option<usize>) {
        let trouble = match act {
            Act::Outside(outside) => return self.stage.act(outside),
            Act::Trouble(trouble) => trouble,
        };
        self.happens(trouble.name(), 1);
        let aws = &self.stage.aws;
        match *trouble {
            Trouble::Crash { daemon, back } => {
                let daemon = daemon.or(caller).unwrap_or(0);
                self.daemons()[daemon].kill();
                self.agenda.add(ms(back), Order::Start(daemon));
            }
            Trouble::Stop { daemon, back } => {
                self.daemons()[daemon].signal();
                self.agenda.add(ms(back), Order::Start(daemon));
            }
            Trouble::Dark {
                daemon,
                time,
                quiet,
            } => self.daemons()[daemon].darken(Instant::now() + ms(time), quiet.into()),
            Trouble::Deny { what, time } => {
                for denial in self.stage.denials(what) {
                    aws.access(|access| access.deny(denial.clone()));
                    self.agenda.add(ms(time), Order::Allow(denial));
                }
            }
            Trouble::Disable { time } => {
                aws.access(|access| access.forget(HOME_KEY));
                self.agenda.add(ms(time), Order::Enable);
            }
            Trouble::Vanish { route, time } => {
                let bucket =
                    route.map_or_else(|| SOURCE.to_owned(), |route| self.stage.bucket(route));
                aws.hide_bucket(&bucket, true);
                self.agenda.add(ms(time), Order::Show(bucket));
            }
            Trouble::Jump { .. } => panic!("the world cannot jump in the middle of a call"),
        }
    }

    fn start(&self, daemon: usize) {
        if self.daemons()[daemon].is_up() {
            return;
        }
        let (line, aws) = (Line::default(), &self.stage.aws);
        let http = aws.http_on(Some(daemon), &line);
        let edge = edge(aws, http, self.stage.script.rng ^ daemon as u64);
        let config = self.stage.config(daemon);
        self.daemons()[daemon].start(&config, line, edge);
    }

    /// Ends all trouble, and brings everybody up. The network stays as slow as it is, as long as
    /// that lets work be done, and the queue as unruly.
    fn calm(&self) {
        let Stage { aws, script, .. } = &self.stage;
        aws.watch(None);
        aws.calm();
        if !script.is_patient() {
            aws.slow_down(Latency::default());
        }
        aws.access(|access| *access = Access::default());
        for bucket in (0..script.routes.len()).map(|route| self.stage.bucket(route)) {
            aws.hide_bucket(&bucket, false);
        }
        aws.hide_bucket(SOURCE, false);
        for daemon in 0..self.stage.script.daemons.len() {
            self.daemons()[daemon].darken(Instant::now(), Silence::Reset);
            self.start(daemon);
        }
    }

    /// Waits until all work is done, whatever it takes a person to do.
    async fn settle(&self) -> Result<Vec<Message>, String> {
        let Stage {
            aws, queue, dead, ..
        } = &self.stage;
        self.dry("the queue").await?;
        // From here on, what is dead-lettered has no excuse.
        aws.slow_down(Latency::default());
        aws.make_mischief(Mischief::default());
        let mut dead_lettered = aws.empty(dead);
        for message in &dead_lettered {
            if !is_hopeless(message) {
                aws.send_back(queue, message);
            }
        }
        self.dry("what was dead-lettered and sent back").await?;
        for step in &self.stage.script.steps {
            let meddled = match step.act {
                Act::Outside(Outside::Meddle { key, .. } | Outside::MeddleDelete { key, .. }) => {
                    Some(key)
                }
                Act::Outside(_) | Act::Trouble(_) => None,
            };
            if let Some(key) = meddled {
                aws.send(queue, &self.stage.work(key));
            }
        }
        self.dry("what was asked for again").await?;
        let again = aws.empty(dead);
        if let Some(message) = again.iter().find(|message| !is_hopeless(message)) {
            return Err(format!(
                "dead-lettered in a calm world: {}",
                reported(message)
            ));
        }
        dead_lettered.extend(again);
        // What the crawlers owe; a stop in the middle of a crawl leaves it to the next boot.
        let rested = Instant::now();
        let owed = || uncrawled(&self.stage).or_else(|| self.stage.is_announced());
        while owed().is_some() && rested.elapsed() < CRAWLED {
            sleep(Duration::from_secs(2)).await;
        }
        Ok(dead_lettered)
    }

    async fn dry(&self, what: &str) -> Result<(), String> {
        let (aws, started) = (&self.stage.aws, Instant::now());
        let slow = self.stage.script.bandwidth.is_some();
        let patience = if slow { 8 * PATIENCE } else { PATIENCE };
        while !aws.is_dry(&self.stage.queue) {
            sleep(Duration::from_millis(500)).await;
            if started.elapsed() > patience {
                return Err(format!("{what} did not run dry in {patience:?}"));
            }
            if aws.calls_made() > MOST_CALLS {
                return Err(format!("{MOST_CALLS} calls, and {what} has not run dry"));
            }
        }
        Ok(())
    }

    /// Tells all daemons to stop, and waits for their end.
    async fn close(&self) -> Vec<String> {
        // Calls that were struck before the calm end by themselves.
        sleep(Duration::from_mins(2)).await;
        let mut daemons = std::mem::take(&mut *self.daemons());
        for daemon in &daemons {
            daemon.signal();
        }
        let mut troubles = Vec::new();
        for daemon in &mut daemons {
            daemon.ended().await;
            let died = daemon
                .troubles
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            troubles.extend(died.iter().cloned());
        }
        // What the in-memory AWS itself still has under way.
        sleep(Duration::from_hours(1)).await;
        let alive = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        if alive > 0 {
            troubles.push(format!("{alive} tasks outlive their daemons"));
        }
        troubles
    }

    fn happens(&self, what: &'static str, times: usize) {
        let mut happened = self.happened.lock().unwrap_or_else(PoisonError::into_inner);
        happened.add(what, times);
    }

    fn daemons(&self) -> std::sync::MutexGuard<'_, Vec<Daemon>> {
        self.daemons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Agenda {
    fn add(&self, after: Duration, order: Order) {
        let mut orders = self.orders();
        let serial = orders.keys().map(|(_, n)| n + 1).max().unwrap_or_default();
        orders.insert((Instant::now() + after, serial), order);
        self.more.notify_one();
    }

    fn next(&self) -> Option<Instant> {
        self.orders().keys().next().map(|(at, _)| *at)
    }

    fn take(&self) -> Option<Order> {
        self.orders().pop_first().map(|(_, order)| order)
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Instant, usize), Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether no try can ever succeed.
pub(super) fn is_hopeless(message: &Message) -> bool {
    message.body == NOISE || message.body.contains(UNREADABLE)
}

pub(super) fn reported(message: &Message) -> String {
    let attribute = |name: &str| {
        let value = message.attributes.get(name).map(|a| a.value.clone());
        value.unwrap_or_default()
    };
    let (reason, error) = (attribute("brigade.reason"), attribute("brigade.error"));
    format!("{reason}: {error} — {}", message.body)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
