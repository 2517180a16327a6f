use super::difference;
use crate::bench::Subject;
use crate::bench::inputs::Drawn;
use crate::bench::plan::plan;
use crate::bench::sets::Rack;
use crate::gpu::Gpu;
use crate::spec::dtype::DType;
use crate::variant::Operation;

#[test]
fn outputs_differ_until_the_operation_has_run() {
    let gpu = Gpu::open().expect("an adapter");
    for (index, operation) in Operation::ALL.into_iter().enumerate() {
        let subject = Subject {
            operation,
            rows: 36,
            cols: 45,
            inner: if operation == Operation::Jacobian {
                1
            } else {
                1 + 5 * (index as u64 % 2)
            },
            dtype: DType::ALL[index % 3],
        };
        let drawn = Drawn::of(&subject);
        let sets = Rack::new(&gpu).sets(&subject, &drawn, 0).expect("memory");
        let difference = || difference(&gpu, &subject, &drawn, &sets[0]).expect("a comparison");
        let found = difference();
        assert!(
            found.is_some_and(|found| found.contains("times the bound")),
            "{subject}"
        );
        let bound = plan(gpu.planner(), &subject)
            .expect("a plan")
            .bind(&sets[0]);
        gpu.run(&bound.expect("bound"), "a test")
            .expect("a device that works");
        assert_eq!(difference(), None, "{subject}");
    }
}
