import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style/base.css';
import './style/layout.css';
import './style/tables.css';
import './style/charts.css';
import { Page } from './page.js';

render(<Page />, document.getElementById('page')!);
