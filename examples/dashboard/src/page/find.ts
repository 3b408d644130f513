/** An element that must be in the page's HTML. */
export function find<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const element = root.querySelector(selector)
  if (element instanceof type) return element
  throw new TypeError(`the page has no ${type.name} at ${selector}`)
}

/** A copy of the first element in a `<template>`. */
export function copyOf(template: string): HTMLElement {
  const copy = find(document, template, HTMLTemplateElement).content.firstElementChild?.cloneNode(true)
  if (copy instanceof HTMLElement) return copy
  throw new TypeError(`the page has nothing in ${template}`)
}
