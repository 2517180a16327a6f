//! Tensors of any shape as rows, and masks broadcast to their size. All arrays are row-major.

/// Broadcasts the values of a tensor of shape `from` to shape `to`, by NumPy's rules: shapes are aligned at their last axes, and
/// an extent that is 1 or missing in `from` is repeated.
///
/// ```
/// use wgpu_softmax::reference::broadcast;
///
/// assert_eq!(broadcast(&[1, 2], &[2, 1], &[2, 3]), [1, 1, 1, 2, 2, 2]);
/// assert_eq!(broadcast(&[1, 2, 3], &[3], &[2, 3]), [1, 2, 3, 1, 2, 3]);
/// ```
///
/// # Panics
///
/// When the shapes are not compatible, or the number of `values` is not that of `from`.
pub fn broadcast<T: Copy>(values: &[T], from: &[usize], to: &[usize]) -> Vec<T> {
    let elements: usize = from.iter().product();
    assert_eq!(values.len(), elements, "values of shape {from:?}");
    let fits = |(&from, &to): (&usize, &usize)| from == to || from == 1;
    let all_fit = from.iter().rev().zip(to.iter().rev()).all(fits);
    assert!(
        from.len() <= to.len() && all_fit,
        "{from:?} does not broadcast to {to:?}"
    );
    let source = |element: usize| {
        let (mut rest, mut index, mut stride) = (element, 0, 1);
        for (axis, to) in to.iter().rev().enumerate() {
            let from = from.iter().rev().nth(axis).copied().unwrap_or(1);
            index += (rest % to) % from * stride;
            (rest, stride) = (rest / to, stride * from);
        }
        index
    };
    let elements: usize = to.iter().product();
    (0..elements)
        .map(|element| values[source(element)])
        .collect()
}

/// Returns the causal mask, `queries x keys`: query `i` sees key `j` where `j <= i + (keys - queries)`. The last query sees every
/// key.
///
/// ```
/// use wgpu_softmax::reference::{broadcast, causal};
///
/// assert_eq!(causal(2, 3), [true, true, false, true, true, true]);
/// let two_heads = broadcast(&causal(2, 3), &[2, 3], &[2, 2, 3]);
/// assert_eq!(two_heads.len(), 12);
/// ```
pub fn causal(queries: usize, keys: usize) -> Vec<bool> {
    let of_query = |query| (0..keys).map(move |key| key + queries <= query + keys);
    (0..queries).flat_map(of_query).collect()
}

/// Converts a tensor seen as `[outer, cols, inner]`, normalised along the middle axis, to `rows x cols`: row `o * inner + i`
/// holds the elements along the axis.
///
/// ```
/// use wgpu_softmax::reference::{axis_to_rows, rows_to_axis};
///
/// let image = [1, 2, 3, 4, 5, 6]; // 3 classes x 2 pixels
/// assert_eq!(axis_to_rows(&image, [1, 3, 2]), [1, 3, 5, 2, 4, 6]);
/// assert_eq!(rows_to_axis(&[1, 3, 5, 2, 4, 6], [1, 3, 2]), image);
/// ```
///
/// # Panics
///
/// When there are not `outer * cols * inner` values.
pub fn axis_to_rows<T: Copy>(values: &[T], [outer, cols, inner]: [usize; 3]) -> Vec<T> {
    swap_last_axes(values, [outer, cols, inner])
}

/// Inverts [`axis_to_rows`]: from `rows x cols` to `[outer, cols, inner]`.
///
/// # Panics
///
/// When there are not `outer * cols * inner` values.
pub fn rows_to_axis<T: Copy>(values: &[T], [outer, cols, inner]: [usize; 3]) -> Vec<T> {
    swap_last_axes(values, [outer, inner, cols])
}

/// Transposes `[outer, a, b]` to `[outer, b, a]`.
fn swap_last_axes<T: Copy>(values: &[T], [outer, a, b]: [usize; 3]) -> Vec<T> {
    let shape = [outer, a, b];
    assert_eq!(values.len(), outer * a * b, "values of shape {shape:?}");
    let mut swapped = Vec::with_capacity(values.len());
    for o in 0..outer {
        for j in 0..b {
            swapped.extend((0..a).map(|i| values[(o * a + i) * b + j]));
        }
    }
    swapped
}
