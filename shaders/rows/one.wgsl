// A row by itself: an access moves four neighbouring columns of it. What is known of the row is one number, for all four.

alias Value = f32;
alias Bits = u32;
alias Signed = i32;
alias Truth = bool;
alias WideExtremes = Extremes;

// The rows of an access, by the first of them.
fn rows_from(row: u32) -> Bits {
    return row;
}

fn start_of(offset: u32, stride: u32, row: u32) -> u32 {
    return offset + row * stride;
}

fn element_at(start: u32, column: u32) -> u32 {
    return start + column;
}

fn columns_of(column: u32) -> vec4<u32> {
    return column + vec4<u32>(0u, 1u, 2u, 3u);
}

// From the columns of an access to those of the next one in a block.
fn access_step() -> u32 {
    return 4u * LANES;
}

// The columns before the first one, where a row starts amid four, count down from the largest numbers.
fn any_inside(column: u32, last: u32) -> bool {
    return column + 3u < last + 3u;
}

fn across(terms: vec4<f32>) -> Value {
    return (terms.x + terms.y) + (terms.z + terms.w);
}

fn highest(bits: vec4<u32>) -> Bits {
    return max(max(bits.x, bits.y), max(bits.z, bits.w));
}

fn highest_signed(bits: vec4<i32>) -> Signed {
    return max(max(bits.x, bits.y), max(bits.z, bits.w));
}

fn lowest(bits: vec4<u32>) -> Bits {
    return min(min(bits.x, bits.y), min(bits.z, bits.w));
}

fn united(bits: vec4<u32>) -> Bits {
    return (bits.x | bits.y) | (bits.z | bits.w);
}

fn any_of(truth: Truth) -> bool {
    return truth;
}

// What a weight relative to `old` is for one relative to `new`.
fn rescaling(old: Value, new_: Value) -> Value {
    return exponential_one(old, new_);
}

// Of the rows of an access the r-th: there is one.
fn of_row(values: Value, r: u32) -> f32 {
    return values;
}

fn bits_of_row(bits: Bits, r: u32) -> u32 {
    return bits;
}

fn with_row(values: Value, r: u32, value: f32) -> Value {
    return value;
}

fn with_bits_of_row(all: Bits, r: u32, bits: u32) -> Bits {
    return bits;
}

fn with_truth_of_row(truths: Truth, r: u32, truth: bool) -> Truth {
    return truth;
}
