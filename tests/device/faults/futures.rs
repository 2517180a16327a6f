//! Futures: they yield while the device works, are woken by it, and may be dropped.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use wgpu_softmax::{CrossEntropyInputs, CrossEntropyWants, Gpu};

use super::program::{COLS, ROWS, loss_spec};
use crate::common::gpu;

/// Counts how often it wakes its thread.
struct Alarm {
    thread: Thread,
    rings: AtomicUsize,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rings.fetch_add(1, SeqCst);
        self.thread.unpark();
    }
}

/// Drives a future by its wakes only. Returns its value, and the number of polls.
fn drive<T>(future: impl Future<Output = T>) -> (T, usize) {
    let alarm = Arc::new(Alarm {
        thread: thread::current(),
        rings: AtomicUsize::new(0),
    });
    let waker = Waker::from(Arc::clone(&alarm));
    let mut future = pin!(future);
    for polls in 1.. {
        let heard = alarm.rings.load(SeqCst);
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return (value, polls);
        }
        while alarm.rings.load(SeqCst) == heard {
            thread::park();
        }
    }
    unreachable!("the loop has no end")
}

/// Returns logits that keep a software adapter busy for a while.
fn matrix() -> (Vec<f32>, usize) {
    (vec![0.5; 1 << 20], 1 << 10)
}

#[test]
fn a_call_is_pending_while_the_device_works_and_woken_when_it_is_done() {
    let (x, rows) = matrix();
    let (probs, polls) = drive(gpu().softmax_async(&x, rows));
    assert!(
        probs
            .expect("probabilities")
            .iter()
            .all(|&p| p == 2_f32.powi(-10))
    );
    assert!((2..=4).contains(&polls), "{polls} polls");

    let inputs = CrossEntropyInputs::new(&[0.25_f32; ROWS * COLS], &[1_i32; ROWS]);
    let spec = loss_spec();
    let loss = gpu().cross_entropy_async(&spec, inputs, CrossEntropyWants::default());
    let (loss, polls) = drive(loss);
    assert!((loss.expect("a loss").losses[0] - 8_f32.ln()).abs() < 1e-6);
    // A quick device may have ended by the first poll.
    assert!((1..=4).contains(&polls), "{polls} polls");
}

/// No poll takes as long as the whole call, which waits for the clock of a second thread.
#[test]
fn no_poll_waits_for_the_device() {
    let (x, rows) = (vec![0.5; 1 << 22], 1 << 9);
    gpu().softmax(&x, rows).expect("a warm planner");
    let begun = Instant::now();
    let mut call = pin!(gpu().softmax_async(&x, rows));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    // Everything is submitted now: another poll has nothing to do.
    let submitted = Instant::now();
    assert!(call.as_mut().poll(&mut context).is_pending());
    let second = submitted.elapsed();
    pollster::block_on(call).expect("probabilities");
    let whole = begun.elapsed();
    assert!(5 * second < whole, "a poll of {second:?} in {whole:?}");
}

#[test]
fn dropped_futures_disturb_nobody() {
    let (x, rows) = matrix();
    for round in 0..4 {
        let mut calls: Vec<_> = (0..round)
            .map(|_| Box::pin(gpu().softmax_async(&x, rows)))
            .collect();
        let mut context = Context::from_waker(Waker::noop());
        for call in &mut calls {
            // A quick device may have ended by now: it is dropped in either state.
            let _ = call.as_mut().poll(&mut context);
        }
        drop(calls);
        assert_eq!(
            gpu().softmax(&[1.0, 1.0], 1).expect("probabilities"),
            [0.5, 0.5]
        );
    }
}

/// A device may be closed while a call on it is under way.
#[test]
fn a_future_outlives_other_handles() {
    let gpu = Gpu::open().expect("an adapter");
    let clone = gpu.clone();
    let probs = thread::spawn(move || clone.softmax(&[1.0, 1.0], 1));
    drop(gpu);
    let probs = probs.join().expect("no panic");
    assert_eq!(probs.expect("probabilities"), [0.5, 0.5]);
}
