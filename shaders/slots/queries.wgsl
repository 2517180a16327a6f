// A slot for each part of some rows: of every params.queries of them those of params.bin_queries queries, which count about as
// many columns.

fn row_of_slot(slot: u32) -> u32 {
    return slot / params.bin_queries * params.queries + params.bin_first + slot % params.bin_queries;
}

fn is_alive(slot: u32) -> bool {
    return slot < params.bin_rows;
}
