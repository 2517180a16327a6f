// The four values of an access: four neighbouring columns of one row, or, STRIDED, one column of four neighbouring rows on
// a strided axis. A number of a row is a vector with a component for each value: of one row, all are equal. Accumulators
// of loops have one component a row.

alias RowF32 = f32; // if !STRIDED
alias RowU32 = u32; // if !STRIDED
alias RowI32 = i32; // if !STRIDED
alias RowF32 = vec4<f32>; // if STRIDED
alias RowU32 = vec4<u32>; // if STRIDED
alias RowI32 = vec4<i32>; // if STRIDED

const ROWS: u32 = 1u; // if !STRIDED
const ROWS: u32 = 4u; // if STRIDED

// From an access of a lane to its next one, in columns.
const ACCESS_STEP: u32 = 4u * LANES; // if !STRIDED
const ACCESS_STEP: u32 = 1u; // if STRIDED

fn columns_of(column: u32) -> vec4<u32> {
    return vec4<u32>(column); // if STRIDED
    return column + vec4<u32>(0u, 1u, 2u, 3u); // if !STRIDED
}

fn start_of(offset: u32, stride: u32, row: u32) -> u32 {
    return offset + (row / params.grid.inner) * stride + row % params.grid.inner; // if STRIDED
    return offset + row * stride; // if !STRIDED
}

fn element_at(start: u32, column: u32) -> u32 {
    return start + column * params.grid.inner; // if STRIDED
    return start + column; // if !STRIDED
}

fn inside(column: u32, last: u32) -> vec4<bool> {
    return columns_of(column) < vec4<u32>(last);
}

fn any_inside(column: u32, last: u32) -> bool {
    return column < last; // if STRIDED
    // Columns before the first one, where a row is SHIFTED, are the largest numbers.
    return column + 3u < last + 3u;
}

// Each row's component; of one row the first.
fn row_f32(values: vec4<f32>) -> RowF32 {
    return values; // if STRIDED
    return values.x; // if !STRIDED
}

fn row_u32(values: vec4<u32>) -> RowU32 {
    return values; // if STRIDED
    return values.x; // if !STRIDED
}

// A value a row, loaded for each component; of one row the first load counts, and the others vanish.
fn per_row(loaded: vec4<u32>) -> vec4<u32> {
    return loaded; // if STRIDED
    return loaded.xxxx; // if !STRIDED
}

// The fold of an access within each row.
fn row_sum(values: vec4<f32>) -> RowF32 {
    return values; // if STRIDED
    return (values.x + values.y) + (values.z + values.w); // if !STRIDED
}

fn row_max(values: vec4<u32>) -> RowU32 {
    return values; // if STRIDED
    return max(max(values.x, values.y), max(values.z, values.w)); // if !STRIDED
}

fn row_max_signed(values: vec4<i32>) -> RowI32 {
    return values; // if STRIDED
    return max(max(values.x, values.y), max(values.z, values.w)); // if !STRIDED
}

fn row_min(values: vec4<u32>) -> RowU32 {
    return values; // if STRIDED
    return min(min(values.x, values.y), min(values.z, values.w)); // if !STRIDED
}

fn row_or(values: vec4<u32>) -> RowU32 {
    return values; // if STRIDED
    return (values.x | values.y) | (values.z | values.w); // if !STRIDED
}

// The elements of one column of each row.
fn source_elements(rows: vec4<u32>, columns: vec4<u32>) -> vec4<u32> {
    let offset = params.grid.source_offset;
    if STRIDED {
        let inner = params.grid.inner;
        return offset + (rows / inner) * params.grid.source_stride + rows % inner + columns * inner;
    }
    return offset + rows * params.grid.source_stride + columns;
}
