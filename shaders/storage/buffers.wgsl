// The matrices of a kernel, by the units that one access moves.

@group(0) @binding(1) var<storage, read> source: array<Unit>; // if !IN_PLACE
@group(0) @binding(2) var<storage, read> upstream: array<Unit>;
@group(0) @binding(3) var<storage, read_write> result: array<ResultUnit>;

// In place, an element is read by the lane that writes it, and before: all else that is read beside it counts for nothing.
fn source_at(index: u32) -> Unit {
    return source[index]; // if !IN_PLACE
    return result[index]; // if IN_PLACE && !ATOMIC
    return atomicLoad(&result[index]); // if IN_PLACE && ATOMIC
}

// One half of an ATOMIC word, of which the other may be another lane's.
fn store_half(element: u32, half: u32) {
    let shift = (element & 1u) << 4u;
    atomicAnd(&result[element >> 1u], ~(0xffffu << shift));
    atomicOr(&result[element >> 1u], half << shift);
}
