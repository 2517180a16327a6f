// Four rows side by side, their columns grid.inner elements apart: an access moves one column of all four. What is
// known of the rows is four numbers, one for each.

alias Value = vec4<f32>;
alias Bits = vec4<u32>;
alias Signed = vec4<i32>;
alias Truth = vec4<bool>;

struct WideExtremes {
    max: Value,
    special: Bits,
}

// The rows of an access, by the first of them.
fn rows_from(row: u32) -> Bits {
    return row + vec4<u32>(0u, 1u, 2u, 3u);
}

fn start_of(offset: u32, stride: u32, row: u32) -> u32 {
    return offset + (row / params.grid.inner) * stride + row % params.grid.inner;
}

fn element_at(start: u32, column: u32) -> u32 {
    return start + column * params.grid.inner;
}

fn columns_of(column: u32) -> vec4<u32> {
    return vec4<u32>(column);
}

// From the column of an access to that of the next one in a block.
fn access_step() -> u32 {
    return 1u;
}

fn any_inside(column: u32, last: u32) -> bool {
    return column < last;
}

fn across(terms: vec4<f32>) -> Value {
    return terms;
}

fn highest(bits: vec4<u32>) -> Bits {
    return bits;
}

fn highest_signed(bits: vec4<i32>) -> Signed {
    return bits;
}

fn lowest(bits: vec4<u32>) -> Bits {
    return bits;
}

fn united(bits: vec4<u32>) -> Bits {
    return bits;
}

fn any_of(truth: Truth) -> bool {
    return any(truth);
}

// What a weight relative to `old` is for one relative to `new`.
fn rescaling(old: Value, new_: Value) -> Value {
    return exponential(old, new_);
}

// Of the four rows the r-th.
fn is_row(r: u32) -> vec4<bool> {
    return vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(r);
}

fn of_row(values: Value, r: u32) -> f32 {
    return values[r];
}

fn bits_of_row(bits: Bits, r: u32) -> u32 {
    return bits[r];
}

fn with_row(values: Value, r: u32, value: f32) -> Value {
    return select(values, vec4<f32>(value), is_row(r));
}

fn with_bits_of_row(all: Bits, r: u32, bits: u32) -> Bits {
    return select(all, vec4<u32>(bits), is_row(r));
}

fn with_truth_of_row(truths: Truth, r: u32, truth: bool) -> Truth {
    return select(truths, vec4<bool>(truth), is_row(r));
}
