// The records of a row merge in the order of its parts; a dispatch may write some of them only.

fn merge_records(place: Place, row: u32) -> Found {
    var extremes = Extremes(LOWEST, 0u);
    for (var part = place.lane; part < params.records; part += LANES) {
        let statistic = statistic_of(load_record(record_of(row, part)));
        extremes.max = max(extremes.max, statistic.max);
        extremes.special = max(extremes.special, statistic.special);
    }
    let merged = merge_extremes(place, extremes);
    var totals: Totals;
    for (var part = place.lane; part < params.records; part += LANES) {
        totals = add_totals(totals, totals_relative_to(load_record(record_of(row, part)), merged.max));
    }
    return found_of(merged, merge_totals(place, totals));
}
