// The first of three dispatches over rows side by side that are split into parts: a part is read once, and its statistics
// are kept.

@compute @workgroup_size(WORKGROUP)
fn partial(invocation: Invocation) {
    let place = locate(invocation);
    var groups: array<Group, GROUPS>;
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        groups[g] = group_of(place, g);
    }
    let folds = fold_groups(groups);
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        for (var r = 0u; r < 4u; r++) { // unrolled
            if has_row(groups[g], r) {
                store_record(record_of(row_of(groups[g], r), groups[g].part), found_in(folds[g], r));
            }
        }
    }
}
