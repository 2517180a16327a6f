// Groups of rows on a strided axis, of any length, read to fold their statistics and once more where a matrix is written.
// Of rows split into parts, a first dispatch KEEPS_RECORDS of the parts, `combine` merges those of a row, and a last one reads
// and writes each part FROM_RECORDS. Rows known FROM_PAIRS are read and written once.

fn fold_groups(groups: array<Group, GROUPS>, rows: array<Row, GROUPS>) -> array<Statistic, GROUPS> {
    var folds: array<Fold, GROUPS>;
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        folds[g] = EMPTY_FOLD;
    }
    // A part is that of all groups of an invocation.
    let first = groups[0].first;
    let last = groups[0].last;
    let whole = first + whole_blocks(first, last, 4u);
    let all = vec4<bool>(true);
    for (var column = first; column < whole; column += 4u) {
        // A column of all groups is read before the next one: it lies nearer.
        var blocks: array<Block, GROUPS>;
        for (var i = 0u; i < 4u; i++) { // unrolled
            for (var g = 0u; g < GROUPS; g++) { // unrolled
                blocks[g][i] = load(groups[g].at, column + i, all);
            }
        }
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            folds[g] = fold_block(folds[g], blocks[g], column, last, rows[g]);
        }
    }
    if whole < last {
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            folds[g] = fold_block(folds[g], load_block_guarded(groups[g].at, whole, last, first), whole, last, rows[g]);
        }
    }
    var statistics: array<Statistic, GROUPS>;
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        statistics[g] = finish_fold(folds[g], folds[g].extremes);
    }
    return statistics;
}

fn write_at(group: Group, column: u32, row: Row) {
    let x = load(group.at, column, vec4<bool>(true));
    write_access(group, column, output_at(x, column, row));
}

fn write_groups(groups: array<Group, GROUPS>, rows: array<Row, GROUPS>) {
    let first = groups[0].first;
    let last = groups[0].last;
    let whole = first + whole_blocks(first, last, 4u);
    var column = first;
    for (; column < whole; column += 4u) {
        for (var k = 0u; k < 4u; k++) { // unrolled
            for (var g = 0u; g < GROUPS; g++) { // unrolled
                write_at(groups[g], column + k, rows[g]);
            }
        }
    }
    for (; column < last; column++) {
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            write_at(groups[g], column, rows[g]);
        }
    }
    if WRITES_COLUMN {
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            write_columns(groups[g], rows[g]);
        }
    }
}

fn store_records(group: Group, statistic: Statistic) {
    for (var r = 0u; r < ROWS; r++) { // unrolled
        if has_row(group, r) {
            store_record(record_index(group.row + r, group.part), r, statistic);
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn strided(invocation: Invocation) {
    let place = locate(invocation);
    var groups: array<Group, GROUPS>;
    var rows: array<Row, GROUPS>;
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        groups[g] = group_of(place, g);
        rows[g] = load_row(rows_of(groups[g])); // if LOADS_ROW
        rows[g] = load_saved(rows[g], rows_of(groups[g])); // if FROM_PAIRS
        rows[g] = finish_row(rows[g], load_record(params.grid.first_record + rows_of(groups[g]))); // if FROM_RECORDS
    }
    if FOLDS {
        let statistics = fold_groups(groups, rows);
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            store_records(groups[g], statistics[g]); // if KEEPS_RECORDS
            rows[g] = finish_row(rows[g], statistics[g]); // if !KEEPS_RECORDS
        }
    }
    if STORES_ROW && !KEEPS_RECORDS {
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            store_rows(groups[g], rows[g]);
        }
    }
    write_groups(groups, rows); // if WRITES_MATRIX
}
