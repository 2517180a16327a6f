// The records of a row merge in the order of its parts; a dispatch may write some of them only.

fn merge_records(place: Place, row: u32) -> Found {
    var extremes = Extremes(LOWEST, 0u);
    for (var part = place.lane; part < params.grid.records; part += LANES) {
        let statistic = statistic_of(load_record(record_of(row, part)));
        extremes.max = max(extremes.max, statistic.max);
        extremes.special = max(extremes.special, statistic.special);
    }
    let merged = merge_extremes(place, extremes);
    // Sixteen records of a lane make one sum, sixteen such sums one, and so do sixteen of those.
    var totals: Totals;
    for (var stretch = place.lane; stretch < params.grid.records; stretch += 256u * LANES) {
        var of_stretch: Totals;
        for (var block = stretch; block < min(stretch + 256u * LANES, params.grid.records); block += 16u * LANES) {
            var of_block: Totals;
            for (var part = block; part < min(block + 16u * LANES, params.grid.records); part += LANES) {
                let record = load_record(record_of(row, part));
                of_block = add_totals(of_block, totals_relative_to(record, merged.max));
            }
            of_stretch = add_totals(of_stretch, of_block);
        }
        totals = add_totals(totals, of_stretch);
    }
    return found_of(merged, merge_totals(place, totals));
}
