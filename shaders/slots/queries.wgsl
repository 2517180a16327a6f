// A slot for each part of some rows: of every grid.queries of them those of grid.bin_queries queries, which count about as
// many columns.

fn row_of_slot(slot: u32) -> u32 {
    return slot / params.grid.bin_queries * params.grid.queries + params.grid.bin_first + slot % params.grid.bin_queries;
}

fn is_alive(slot: u32) -> bool {
    return slot < params.grid.bin_rows;
}
