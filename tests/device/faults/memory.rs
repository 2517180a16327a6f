//! Memory that runs out at each step of a call: in a process of its own, whose address space is limited.

#[cfg(target_os = "linux")]
mod limited {
    use std::fs::read_to_string;
    use std::process::Command;

    use rlimit::Resource;
    use wgpu_softmax::{CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Error, Gpu};

    use crate::faults::program::{Buffers, CALLS, Program};

    const CHILD: &str = "WGPU_SOFTMAX_TEST_LIMITS_MEMORY";

    /// Rows of one column: its losses take as much memory of the library's own as the logits. Blocks above 32 MiB are
    /// given back to the system when they are freed.
    const ROWS: usize = 9 << 20;

    /// Bytes by which the memory left grows from one round to the next, up to more than everything takes.
    const STEP: u64 = 36 << 20;
    const MOST: u64 = 400 << 20;

    #[test]
    fn every_step_of_a_call_fails_with_a_typed_error_or_not_at_all() {
        if std::env::var_os(CHILD).is_some() {
            return run_out_of_memory();
        }
        let this = std::env::current_exe().expect("a test binary");
        let name =
            "faults::memory::limited::every_step_of_a_call_fails_with_a_typed_error_or_not_at_all";
        let output = Command::new(this)
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .expect("a second process");
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{complained}");
        assert!(said.contains("1 passed"), "{said}");
    }

    /// Runs `call` with `left` bytes of address space left.
    fn with_left<T>(left: u64, call: impl FnOnce() -> T) -> T {
        let pages = read_to_string("/proc/self/statm").expect("this process's size");
        let pages: u64 = pages
            .split(' ')
            .next()
            .and_then(|n| n.parse().ok())
            .expect("pages");
        let (_, hard) = rlimit::getrlimit(Resource::AS).expect("a limit");
        rlimit::setrlimit(Resource::AS, pages * 4096 + left, hard).expect("a lower limit");
        let result = call();
        rlimit::setrlimit(Resource::AS, hard, hard).expect("the limit of before");
        result
    }

    fn run_out_of_memory() {
        let (x, targets) = (vec![1.0_f32; ROWS], vec![0_i32; ROWS]);
        let loss = |gpu: &Gpu, rows: usize| {
            let spec = CrossEntropySpec::new(rows as u64, 1).z_loss(0.1);
            let inputs = CrossEntropyInputs::new(&x[..rows], &targets[..rows]);
            gpu.cross_entropy(&spec, inputs, CrossEntropyWants::default())
        };
        let (mut failed, mut done) = (0, 0);
        for left in (0..MOST).step_by(STEP as usize) {
            let program = Program::new();
            let (gpu, buffers) = (&program.gpu, Buffers::on(&program.gpu));
            // Pipelines and threads are made beforehand: the memory that compiling takes is not the library's.
            loss(gpu, 1000).expect("a loss");
            let (name, softmax) = CALLS[0];
            softmax(gpu, &buffers).expect(name);
            match with_left(left, || loss(gpu, ROWS)) {
                Ok(output) => {
                    assert!((output.losses[0] - 0.1).abs() < 1e-6, "{:?}", output.losses);
                    done += 1;
                }
                Err(Error::OutOfMemory { at }) => {
                    assert!(at.contains("bytes") || at.contains("x 1"), "{at}");
                    failed += 1;
                }
                Err(error) => panic!("{left} bytes left: {error}"),
            }
            // Where a device runs out of memory for its own needs, wgpu takes it for lost.
            if let Err(error) = with_left(left, || softmax(gpu, &buffers)) {
                let is_typed = matches!(error, Error::OutOfMemory { .. } | Error::Lost { .. });
                assert!(is_typed, "{left} bytes left: {error}");
            }
            program.assert_heard_nothing();
        }
        assert!(failed >= 3 && done >= 1, "{failed} failed, {done} done");
    }
}
