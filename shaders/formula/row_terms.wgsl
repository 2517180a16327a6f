// What a binding gives rows besides logits and probabilities, gathered in one buffer: so the kernels of a loss take no binding more.

@group(0) @binding(13) var<storage, read> grad_losses: array<u32>;
@group(0) @binding(20) var<storage, read> row_weights: array<u32>;
@group(0) @binding(22) var<storage, read> row_scales: array<u32>;
@group(0) @binding(21) var<storage, read_write> row_terms: array<RowTerms>;

struct Row { terms: RowTerms }

fn load_saved(loaded: Row, rows: vec4<u32>) -> Row {
    let at = params.grid.bound_row + rows.x;
    let found = load_target(rows);
    var terms = RowTerms(ONE, ONE, ONE, found.role.x, found.class_.x);
    if is_asked(HAS_UPSTREAM) {
        terms.upstream = grad_losses[select(0u, at, is_asked(UPSTREAM_PER_ROW))];
    }
    if is_asked(HAS_ROW_WEIGHT) {
        terms.weight = row_weights[at];
        // A row of weight 0 is ignored, whatever its target.
        if (terms.weight & MAGNITUDE) == 0u {
            terms.role = IGNORED;
            terms.class_ = NO_COLUMN;
        }
    }
    if is_asked(HAS_ROW_SCALE) {
        terms.scale = row_scales[at];
    }
    return Row(terms);
}

fn store_row(index: u32, r: u32, row: Row) {
    row_terms[params.grid.bound_row + index] = row.terms;
}
