console.log('dashboard: not written yet')

export {}
