import { connect } from './connect.js'

/** What a page does with its notifications. */
export interface Page {
  show(notification: { readonly text: string }): void
  /** Reloads everything that is shown. */
  load(): void
  logIn(): void
}

export function watchNotifications({ show, load, logIn }: Page): () => void {
  // #region page
  const close = connect('/notifications', {
    events: ['notification'],
    onEvent: ({ data }) => show(JSON.parse(data)),
    onGap: load,
    onEnd: (status) => {
      if (status === 401) logIn()
    },
  })
  // #endregion page
  return close
}
