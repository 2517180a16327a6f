// The ceiling of what reads and writes: every 16 bytes read once and written once.

@group(0) @binding(2) var<storage, read_write> destination: array<Unit>;

fn store(at: u32, unit: Unit) {
    if at < work.quads {
        destination[at] = through_exp(unit);
    }
}

@compute @workgroup_size(WORKGROUP)
fn copy_singly(invocation: Invocation) {
    let first = first_of(invocation);
    for (var k = 0u; k < QUADS; k++) {
        let at = first + k * SPAN;
        store(at, load(at));
    }
}

// Four loads are in flight before the first store.
@compute @workgroup_size(WORKGROUP)
fn copy_by_fours(invocation: Invocation) {
    let first = first_of(invocation);
    for (var k = 0u; k < QUADS; k += 4u) {
        let a = first + k * SPAN;
        let b = a + SPAN;
        let c = b + SPAN;
        let d = c + SPAN;
        let of_a = load(a);
        let of_b = load(b);
        let of_c = load(c);
        let of_d = load(d);
        store(a, of_a);
        store(b, of_b);
        store(c, of_c);
        store(d, of_d);
    }
}
