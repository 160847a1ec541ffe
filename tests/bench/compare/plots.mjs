// Plots as SVG, without a browser (npm packages vega and vega-lite): no background and middle tones, so that they can be read
// on white and on black. A bar or point is the median of the rounds, a line through it from the lowest to the highest.
async function loaded(name) {
    try {
        return await import(name);
    } catch (error) {
        if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
        throw new Error(`the npm package ${name} is missing: run scripts/install measure`);
    }
}

const ink = '#7d8590', faint = '#7d859040';
const font = 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif';
const config = {
    background: null, font,
    view: { stroke: null },
    title: { color: ink, fontSize: 14, fontWeight: 600, anchor: 'start', subtitleColor: ink, subtitleFontSize: 11 },
    axis: { labelColor: ink, titleColor: ink, gridColor: faint, domainColor: ink, tickColor: ink, labelFontSize: 11, titleFontSize: 11, titleFontWeight: 400, labelLimit: 400 },
    header: { labelColor: ink, titleColor: ink, labelFontSize: 12, labelFontWeight: 600 },
    legend: { labelColor: ink, titleColor: ink, labelFontSize: 11, labelLimit: 400 },
};

async function svg(spec) {
    const [vega, lite] = [await loaded('vega'), await loaded('vega-lite')];
    const compiled = lite.compile({ $schema: 'https://vega.github.io/schema/vega-lite/v6.json', config, padding: 8, ...spec }).spec;
    const view = new vega.View(vega.parse(compiled), { renderer: 'none' });
    return view.toSVG();
}

const number = { type: 'quantitative' };

// One panel for each of `panels`: {title, axis, rows: [{label, colour, median, low, high, text}]}; bars from zero.
export function bars(title, panels) {
    return svg({
        title: { text: title, offset: 12 },
        vconcat: panels.map(({ title: name, axis, rows }) => {
            const y = { field: 'label', type: 'nominal', sort: null, axis: { title: null, ticks: false, domain: false, minExtent: 190, maxExtent: 190 } };
            return {
                title: { text: name, fontSize: 12, offset: 4 }, width: 520, height: { step: 20 }, data: { values: rows },
                layer: [
                    { mark: { type: 'bar', height: 13, cornerRadiusEnd: 2 }, encoding: { y, x: { field: 'median', ...number, axis: { title: axis, tickCount: 6 } }, color: { field: 'colour', type: 'nominal', scale: null, legend: null } } },
                    { mark: { type: 'rule', color: ink, strokeWidth: 1.5 }, encoding: { y, x: { field: 'low', ...number }, x2: { field: 'high' } } },
                    { mark: { type: 'text', align: 'left', dx: 6, color: ink, fontSize: 11 }, encoding: { y, x: { field: 'high', ...number }, text: { field: 'text' } } },
                ],
            };
        }),
        spacing: 26,
    });
}

// One panel for each of `panels`: {axis, rows: [{x, series, colour, median, low, high}]}; lines over x.
export function lines(title, x, isLog, panels) {
    return svg({
        title: { text: title, offset: 12 },
        hconcat: panels.map(({ axis, rows, isLogY }) => {
            const xAxis = { field: 'x', ...number, scale: { type: isLog ? 'log' : 'linear', nice: false, padding: 14 }, axis: { title: x, values: [...new Set(rows.map((row) => row.x))], labelExpr: "datum.value >= 1e6 ? datum.value / 1e6 + 'M' : format(datum.value, ',')", grid: false, labelOverlap: true, labelSeparation: 4 } };
            const several = new Set(rows.map((row) => row.series)).size > 1;
            const color = several ? { field: 'series', type: 'nominal', scale: { domain: [...new Set(rows.map((row) => row.series))], range: [...new Set(rows.map((row) => row.colour))] }, legend: { title: null, orient: 'bottom' } } : { value: rows[0].colour };
            const scale = isLogY ? { type: 'log' } : { zero: true };
            const y = { ...number, scale, axis: { title: axis, tickCount: isLogY ? 3 : 5, labelExpr: "datum.value >= 1e6 ? datum.value / 1e6 + 'M' : datum.value >= 1e4 ? datum.value / 1e3 + 'k' : format(datum.value, ',~f')" } };
            return {
                width: 250, height: 190, data: { values: rows },
                layer: [
                    { mark: { type: 'line', strokeWidth: 2 }, encoding: { x: xAxis, y: { field: 'median', ...y }, color } },
                    { mark: { type: 'rule', strokeWidth: 1.5 }, encoding: { x: xAxis, y: { field: 'low', ...y }, y2: { field: 'high' }, color } },
                    { mark: { type: 'point', filled: true, size: 45, opacity: 1 }, encoding: { x: xAxis, y: { field: 'median', ...y }, color } },
                ],
            };
        }),
        spacing: 30,
    });
}
