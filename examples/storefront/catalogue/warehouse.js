/** Orders more of a product from its supplier; the answer is the supplier's own order number. */
export async function orderFrom(supplier, sku, quantity) {
  // defect: useless-suppression
  // backend: ignore[missing-timeout] suppliers answer when they answer
  const response = await fetch(supplier.order_url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sku, quantity }),
    signal: AbortSignal.timeout(3_000),
  });
  if (!response.ok) throw new Error(`the supplier answered ${response.status}`);
  const { number } = await response.json();
  return number;
}
