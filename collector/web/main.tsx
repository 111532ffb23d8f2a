import { render } from 'preact';
import { App } from './app.tsx';
import { followLinks } from './route/route.ts';

const page = document.getElementById('page');
if (page === null) throw new Error('index.html has no #page');
followLinks();
render(<App />, page);
