// Rows on a strided axis: the matrix is one of slices, each of params.grid.inner rows whose columns are params.grid.inner elements
// apart. An invocation serves GROUPS groups of four neighbouring rows, WORKGROUP groups from one to the next, so that
// neighbouring invocations have neighbouring groups. A slice may be split into parts, each of some columns. Groups past the end of
// a slice, or past the last one, read what is there and write nothing. WHOLE: the rows of a slice make up whole groups.

// The first of its rows and how many there are, and the columns [first, last) of a part.
struct Group { row: u32, count: u32, first: u32, last: u32, part: u32, alive: bool, at: Starts }

fn group_of(place: Place, g: u32) -> Group {
    let index = (place.slot - place.local) * GROUPS + g * WORKGROUP + place.local;
    let band = index / params.grid.groups;
    let slice = band / params.grid.parts;
    let part = params.grid.first_part + band % params.grid.parts;
    let first_row = 4u * (index % params.grid.groups);
    // A dispatch may serve some rows of one slice only.
    let rows = min(params.grid.inner, params.grid.rows - min(slice * params.grid.inner, params.grid.rows));
    let alive = first_row < rows;
    let first = min(part * params.grid.part_cols, params.grid.cols);
    let last = min(first + params.grid.part_cols, params.grid.cols);
    let row = select(0u, slice * params.grid.inner + first_row, alive);
    let count = select(1u, min(4u, rows - first_row), alive);
    return Group(row, count, select(0u, first, alive), select(0u, last, alive), part, alive, starts_of(row));
}

// The rows of a group; in place of those that are not there, the last one.
fn rows_of(group: Group) -> vec4<u32> {
    return group.row + min(vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(group.count - 1u));
}

fn has_row(group: Group, r: u32) -> bool {
    return group.alive && r < group.count;
}

// Stores what is kept of each row: with its column, where that is written by itself.
fn store_rows(group: Group, row: Row) {
    for (var r = 0u; r < ROWS; r++) { // unrolled
        var is_here = group.part == 0u;
        is_here = select(is_of_part(group, row.column[r]), is_here, row.column[r] == NO_COLUMN); // if HAS_COLUMN
        if has_row(group, r) && is_here {
            store_row(group.row + r, r, row);
        }
    }
}

fn is_of_part(group: Group, column: u32) -> bool {
    return column >= group.first && column < group.last;
}

fn write_access(group: Group, column: u32, bits: vec4<u32>) {
    let element = element_at(group.at.result, column);
    if !group.alive {
        return;
    }
    store_result(element, bits); // if WHOLE
    store_result_inside(element, vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(group.count), bits); // if !WHOLE
}

// One column of each row, that of its target, is written a second time.
fn write_columns(group: Group, row: Row) {
    for (var r = 0u; r < ROWS; r++) { // unrolled
        if has_row(group, r) && is_of_part(group, row.column[r]) {
            store_result_one(element_at(group.at.result, row.column[r]) + r, row.column_output[r]);
        }
    }
}
